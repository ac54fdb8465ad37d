import { readFile } from 'node:fs/promises';
import { renderEnvironment } from '@cofferdam/cdk8s';
import {
  type ApplicationHealth,
  argoCd,
  commitStatusHealth,
  type GitHubCredentials,
  gitHub,
  gitRepository,
  type MergedPullRequests,
  type PromotePorts,
  type PromotionConfig,
  PromotionError,
  prometheus,
  readConfig,
  type SourceHost,
  sigstore,
} from '@cofferdam/promotion';
import { CliError } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';

type Env = Terminal['env'];

/** What a promotion talks to, as `environments/promotion.yaml` and the environment say. */
export interface Connected {
  readonly ports: PromotePorts;
  readonly config: PromotionConfig;
}

/** @throws CliError with the code of the PromotionError */
export async function connect(terminal: Terminal, directory: string): Promise<Connected> {
  const repository = gitRepository(directory);
  const config = await readConfig(repository, await repository.head());
  const host = await hostOf(terminal, config);
  const { env, now } = terminal;
  const { issuer, identity, repository: built } = config.images;
  const ports = {
    repository,
    host,
    render: renderEnvironment,
    health: healthOf(terminal, config, host),
    images: sigstore({ issuer, identity, repository: built }),
    slo: prometheus({ urls: config.prometheus ?? {}, token: env['PROMETHEUS_TOKEN'] || undefined, now }),
    now,
  };
  return { ports, config };
}

/** Argo CD, or the statuses that it posts on the host. A workflow's secret that is not there is an empty text. */
export function healthOf(
  { env, now }: Pick<Terminal, 'env' | 'now'>,
  { health }: PromotionConfig,
  host: SourceHost,
): ApplicationHealth {
  return health.from === 'argocd'
    ? argoCd({ url: health.url, token: env['ARGOCD_AUTH_TOKEN'] || undefined, now })
    : commitStatusHealth(host, health.creator);
}

export async function hostOf(
  terminal: Terminal,
  { repository }: PromotionConfig,
): Promise<SourceHost & MergedPullRequests> {
  const { env, stderr } = terminal;
  return gitHub({
    // As GitHub Actions sets it; another for GitHub Enterprise Server.
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    owner: repository.owner,
    repository: repository.name,
    credentials: await credentialsOf(env),
    progress: (line) => void stderr.write(`${line}\n`),
  });
}

async function credentialsOf(env: Env): Promise<GitHubCredentials> {
  const token = env['GITHUB_TOKEN'] || env['GH_TOKEN'];
  if (token) return { kind: 'token', token };
  const [appId, file] = [env['GITHUB_APP_ID'], env['GITHUB_APP_PRIVATE_KEY_FILE']];
  if (appId && file) {
    const privateKey = await readFile(file, 'utf8').catch((error: Error) => {
      throw new CliError('usage_invalid', `GITHUB_APP_PRIVATE_KEY_FILE ${file}: ${error.message}`, error);
    });
    const installation = env['GITHUB_APP_INSTALLATION_ID'];
    const installationId = installation ? Number(installation) : undefined;
    return { kind: 'app', appId, privateKey, installationId };
  }
  throw new PromotionError(
    'repository_forbidden',
    'nobody to be on GitHub: set GITHUB_TOKEN (in a workflow an App token, because pull requests of the default token start no checks), or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE',
  );
}

/** Runs `use`, and turns what a promotion refuses into an error of the command line. */
export async function refusing<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
    throw new CliError(error.code, error.message, error);
  }
}
