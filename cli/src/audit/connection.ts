import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Problem, VAULT_ID_HEADER } from '@cofferdam/contracts';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { CliError } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';
import { TOKEN_VARIABLE, type VaultOptions } from './vault-options.ts';

export interface VaultConnection {
  /** The pages of a route that answers JSON lines, one after another. */
  pages(path: string): AsyncGenerator<Page>;
  post(path: string, body: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export interface Page {
  vaultId: string;
  /** By the vault's clock. */
  readAt: Date;
  lines: string[];
}

/** @throws CliError `usage_invalid`, `vault_unreachable`, `request_failed` */
export function connectToVault(terminal: Pick<Terminal, 'env'>, options: VaultOptions): VaultConnection {
  const { vaultUrl } = options;
  if (vaultUrl === undefined) throw new CliError('usage_invalid', 'name the vault with --vault-url');
  const token = tokenOf(terminal, options);
  const dispatcher = agent(options);

  const send = async (path: string, init: { method?: 'POST'; body?: string } = {}) => {
    const url = urlOf(path, vaultUrl);
    const response = await request(url, {
      ...init,
      dispatcher,
      headers: {
        authorization: `Bearer ${token}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(60_000),
    }).catch((error: Error) => {
      throw unreachable(vaultUrl, error);
    });
    const body = await text(response.body);
    if (response.statusCode !== 200) throw refused(path, response.statusCode, body);
    return { headers: response.headers, body };
  };
  return {
    async *pages(path) {
      for (let next: string | undefined = path; next !== undefined; ) {
        const { headers, body } = await send(next);
        yield {
          vaultId: header(headers[VAULT_ID_HEADER]),
          readAt: new Date(header(headers['date'])),
          lines: body.split('\n').filter((line) => line !== ''),
        };
        next = /<([^>]+)>; rel="next"/.exec(header(headers['link']))?.[1];
      }
    },
    post: async (path, body) =>
      JSON.parse((await send(path, { method: 'POST', body: JSON.stringify(body) })).body),
    close: () => dispatcher.close(),
  };
}

function tokenOf({ env }: Pick<Terminal, 'env'>, { tokenFile }: VaultOptions): string {
  const token = tokenFile === undefined ? env[TOKEN_VARIABLE] : readFile(tokenFile);
  if (token !== undefined && token.trim() !== '') return token.trim();
  throw new CliError(
    'usage_invalid',
    `a token is needed: --token-file or ${TOKEN_VARIABLE}, such as that of \`kubectl create token auditor --audience cofferdam\``,
  );
}

function agent({ caFile, connectTo }: VaultOptions): Dispatcher {
  const connect = buildConnector(caFile === undefined ? {} : { ca: readFile(caFile) });
  if (connectTo === undefined) return new Agent({ connect });
  const [, hostname = '', port = ''] = /^(.+):(\d+)$/.exec(connectTo) ?? [];
  if (hostname === '') throw new CliError('usage_invalid', '--connect-to is <host>:<port>');
  // The certificate is still held to the name of the URL.
  return new Agent({
    connect: (options, done) =>
      connect({ ...options, hostname, port, servername: options.servername ?? options.hostname }, done),
  });
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError('usage_invalid', `${path} cannot be read: ${(error as Error).message}`, error);
  }
}

function urlOf(path: string, vaultUrl: string): URL {
  try {
    return new URL(path, vaultUrl);
  } catch (error) {
    throw new CliError('usage_invalid', `--vault-url ${vaultUrl} is no URL`, error);
  }
}

function header(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function unreachable(vaultUrl: string, error: Error): CliError {
  const why = (error as { code?: string }).code ?? error.message;
  return new CliError(
    'vault_unreachable',
    `no answer from ${vaultUrl} (${why}): is it the right URL, and is --ca-file that of the vault? From outside the cluster: kubectl port-forward, and --connect-to`,
    error,
  );
}

function refused(path: string, status: number, body: string): CliError {
  const { code, detail } = problemOf(body);
  const next = code === 'forbidden' ? '; a rule of spec.access has to allow audit:read' : '';
  return new CliError(
    code === 'unauthenticated' ? 'vault_unreachable' : 'request_failed',
    `GET ${path}: ${status} ${code ?? ''} ${detail ?? ''}${next}`,
  );
}

function problemOf(body: string): Partial<Problem> {
  try {
    return JSON.parse(body) as Partial<Problem>;
  } catch {
    return {};
  }
}
