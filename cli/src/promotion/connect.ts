import { readFile } from 'node:fs/promises';
import { renderEnvironment } from '@cofferdam/cdk8s';
import {
  type ApplicationHealth,
  argoCd,
  commitStatusHealth,
  type GitHubCredentials,
  gitHub,
  gitRepository,
  hostedRepository,
  type MergedPullRequests,
  type PromotePorts,
  type PromotionConfig,
  PromotionError,
  postedBy,
  prometheus,
  readConfig,
  type SourceHost,
  sayMisconfigured,
  sigstore,
} from '@cofferdam/promotion';
import { CliError } from '../errors.ts';
import { printable, type Terminal } from '../output/terminal.ts';

type Env = Terminal['env'];

/** What a promotion talks to, as `environments/promotion.yaml` and the environment say. */
export interface Connected {
  readonly ports: PromotePorts;
  readonly config: PromotionConfig;
}

/**
 * @param gated the pull request whose gates the configuration has: where that is not valid, its commit says so
 * @throws {PromotionError} for a configuration that is not valid, a clone that cannot be read, or no credentials
 */
export async function connect(terminal: Terminal, directory: string, gated?: Gated): Promise<Connected> {
  const repository = gitRepository(directory);
  const revision = await repository.head();
  const config = await readConfig(repository, revision).catch(async (error: Error) => {
    if (gated !== undefined) await sayNotValid(terminal, repository, { gated, revision, error });
    throw error;
  });
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

interface Gated {
  readonly branch: string;
  readonly dryRun: boolean;
}

async function sayNotValid(
  terminal: Terminal,
  repository: ReturnType<typeof gitRepository>,
  { gated, revision, error }: { gated: Gated; revision: string; error: Error },
): Promise<void> {
  try {
    const hosted = await hostedRepository(repository, revision);
    if (hosted === undefined) return;
    const host = await hostOf(terminal, { repository: hosted });
    await sayMisconfigured({ repository, host }, { ...gated, base: hosted.base }, error);
  } catch (unsaid) {
    // What is thrown is why nobody can tell any more.
    const why = unsaid instanceof Error ? unsaid.message : String(unsaid);
    terminal.stderr.write(`${gated.branch} was not told: ${printable(why)}\n`);
  }
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
  { repository, status }: Pick<PromotionConfig, 'repository' | 'status'>,
): Promise<SourceHost & MergedPullRequests> {
  const { env, stderr } = terminal;
  const host = await gitHub({
    // As GitHub Actions sets it; another for GitHub Enterprise Server.
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    owner: repository.owner,
    repository: repository.name,
    credentials: await credentialsOf(env),
    progress: (line) => void stderr.write(`${line}\n`),
  });
  const warn = (line: string) => void stderr.write(`${printable(line)}\n`);
  return status === undefined ? host : postedBy(host, status.creator, warn);
}

async function credentialsOf(env: Env): Promise<GitHubCredentials> {
  const token = env['GITHUB_TOKEN'] || env['GH_TOKEN'];
  if (token) return { kind: 'token', token };
  const [appId, file] = [env['GITHUB_APP_ID'], env['GITHUB_APP_PRIVATE_KEY_FILE']];
  if (appId && file) {
    const privateKey = await readFile(file, 'utf8').catch((error: Error) => {
      throw new CliError('usage_invalid', `GITHUB_APP_PRIVATE_KEY_FILE ${file}: ${error.message}`, error);
    });
    // Of a variable that is not set a workflow makes an empty text.
    const installation = env['GITHUB_APP_INSTALLATION_ID'] || undefined;
    if (installation !== undefined && !/^[1-9]\d*$/.test(installation))
      throw new CliError(
        'usage_invalid',
        `GITHUB_APP_INSTALLATION_ID ${installation}: expected a number, or nothing`,
      );
    const installationId = installation === undefined ? undefined : Number(installation);
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
