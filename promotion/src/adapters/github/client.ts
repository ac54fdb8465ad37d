import { createAppAuth } from '@octokit/auth-app';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { PromotionError } from '../../errors.ts';

export type GitHubCredentials =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly appId: string;
      /** PEM. */
      readonly privateKey: string;
      /** Absent: looked up for the repository. */
      readonly installationId?: number | undefined;
    };

export interface GitHubOptions {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://<host>/api/v3`. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
  readonly credentials: GitHubCredentials;
  /** Called while a rate limit is waited for. */
  readonly progress: (line: string) => void;
  /** A longer one ends the run: another comes. Default: 60. */
  readonly longestWaitSeconds?: number;
  /** Milliseconds in a second of back-off. Default: 1000. */
  readonly secondMs?: number;
}

const Client = Octokit.plugin(throttling, retry);
export type GitHubClient = InstanceType<typeof Client>;

/**
 * GitHub's own client. It spaces writes, waits for rate limits and tries failures of the server again, as GitHub asks:
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export async function gitHubClient(options: GitHubOptions): Promise<GitHubClient> {
  const { credentials } = options;
  if (credentials.kind === 'token') return client(options, { auth: credentials.token });
  const { appId, privateKey } = credentials;
  const app = { authStrategy: createAppAuth, auth: { appId, privateKey } };
  const installationId = credentials.installationId ?? (await installationOf(options, app));
  return client(options, { ...app, auth: { appId, privateKey, installationId } });
}

async function installationOf(options: GitHubOptions, app: object): Promise<number> {
  const { owner, repository } = options;
  const asApp = client(options, app);
  return explained(options, async () => {
    const { data } = await asApp.rest.apps.getRepoInstallation({ owner, repo: repository });
    return data.id;
  });
}

const ATTEMPTS = 3;

function client(options: GitHubOptions, authentication: object): GitHubClient {
  const { apiUrl, progress, longestWaitSeconds = 60, secondMs = 1000 } = options;
  const wait =
    (kind: string) => (retryAfter: number, _request: object, _client: unknown, retryCount: number) => {
      const again = retryCount < ATTEMPTS && retryAfter <= longestWaitSeconds;
      if (again) progress(`GitHub's ${kind} rate limit: waiting ${retryAfter} s`);
      return again;
    };
  const throttle = {
    retryAfterBaseValue: secondMs,
    onRateLimit: wait('primary'),
    onSecondaryRateLimit: wait('secondary'),
  };
  return new Client({
    ...authentication,
    baseUrl: apiUrl,
    userAgent: 'cofferdam',
    // Said by what is thrown; a warning on stderr besides would be noise.
    log: { debug() {}, info() {}, warn() {}, error() {} },
    throttle: secondMs < 1000 ? Object.assign(throttle, UNPACED) : throttle,
    retry: { doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451], retryAfterBaseValue: secondMs },
  });
}

/** For a clock that runs faster: the plugin waits a second between writes, whatever its base value is. */
const group = { key: () => ({ schedule: (_: unknown, job: () => Promise<unknown>) => job() }) };
const UNPACED = { write: group, notifications: group };

/**
 * Runs a call of GitHub and puts what goes wrong into our words.
 * @throws {PromotionError} `rate_limited`, `repository_forbidden`, `target_moved`, `host_refused`, `host_unreachable`
 */
export async function explained<T>(
  { owner, repository, apiUrl }: Pick<GitHubOptions, 'owner' | 'repository' | 'apiUrl'>,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof PromotionError || !isRequestError(error)) throw error;
    const where = `${owner}/${repository}`;
    const said = `GitHub answered ${error.status} to ${error.request.method} ${new URL(error.request.url).pathname}: ${error.message}`;
    throw new PromotionError(...codeAndNextStep(error, { where, said, apiUrl }), error);
  }
}

interface RequestError extends Error {
  readonly status: number;
  readonly request: { readonly method: string; readonly url: string };
  readonly response?: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

function isRequestError(error: unknown): error is RequestError {
  return (
    error instanceof Error && 'status' in error && typeof error.status === 'number' && 'request' in error
  );
}

export function statusOf(error: unknown): number | undefined {
  return isRequestError(error) ? error.status : undefined;
}

function codeAndNextStep(
  error: RequestError,
  { where, said, apiUrl }: { where: string; said: string; apiUrl: string },
): [PromotionError['code'], string] {
  if (isRateLimit(error)) return ['rate_limited', `${said}; ${resetOf(error)}`];
  switch (error.status) {
    case 401:
      return ['repository_forbidden', `${said}; the token or the App's key is not valid: renew it`];
    case 403:
    case 404:
      return [
        'repository_forbidden',
        `${said}; give the App or the token access to ${where}, with Contents, Pull requests and Commit statuses: write`,
      ];
    case 409:
      return ['target_moved', `${said}; somebody wrote at the same time: run it again`];
    case 422:
    case 400:
      return ['host_refused', `${said}; look at the rules of the repository (rulesets, branch protection)`];
    default:
      return ['host_unreachable', `no answer of ${apiUrl} that can be used (${said}): run it again later`];
  }
}

function isRateLimit({ status, message, response }: RequestError): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return response?.headers['x-ratelimit-remaining'] === '0' || /secondary rate|rate limit/i.test(message);
}

function resetOf({ response }: RequestError): string {
  const retryAfter = response?.headers['retry-after'];
  if (retryAfter !== undefined) return `run it again in ${retryAfter} s`;
  const reset = Number(response?.headers['x-ratelimit-reset']);
  if (Number.isNaN(reset)) return 'run it again later';
  return `run it again after ${new Date(reset * 1000).toISOString()}`;
}
