import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Payment, TokenRecord } from '@cofferdam/contracts';
import type { Agent } from 'undici';
import { request } from 'undici';
import { testCards } from '../../src/demo/cards.ts';
import type { DemoResult } from '../../src/demo/report.ts';
import { serviceConnections } from '../../src/demo/service-connections.ts';
import { descendants, type RunningProcess } from './processes.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const podEntrypoint = /(services\/[a-z-]+|operator)\/src\/main\.ts/;

export interface Endpoints {
  vault: string;
  router: string;
  simulator: string;
  /** PEM of who vouches for vault and router. */
  caFile: string;
  /** As curl's option wants it: host:port:address:port. */
  connectTo: string[];
  clientToken: string;
  /** Of the superuser. */
  postgres: string;
  /** host:port; absent where there is no broker. */
  kafka?: string;
}

/** A demo that is up: `npm run demo -- --json`, as a process of its own. */
export class Demo {
  readonly result: DemoResult;
  readonly directory: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<number>;

  constructor(process: ChildProcess, ended: Promise<number>, directory: string, result: DemoResult) {
    this.#process = process;
    this.#ended = ended;
    this.directory = directory;
    this.result = result;
  }

  get endpoints(): Endpoints {
    return JSON.parse(readFileSync(join(this.directory, 'endpoints.json'), 'utf8'));
  }

  /** The demo and everything that it started. */
  processes(): RunningProcess[] {
    return descendants(this.#process.pid ?? 0);
  }

  /** The processes that stand for pods. */
  podProcesses(): RunningProcess[] {
    return this.processes().filter(
      ({ command }) => podEntrypoint.test(command) && !command.includes('reaper'),
    );
  }

  /** Tokenizes the test card that is approved, and pays with it. */
  async pay(): Promise<Payment> {
    const { vault, router } = this.endpoints;
    const { token } = await this.#post<TokenRecord>(`${vault}/v1/tokens`, { card: testCards.visa });
    return this.#post<Payment>(`${router}/v1/payments`, { token, amount: 1_050, currency: 'EUR' });
  }

  /** Connections to vault and router by their names, verified by the vault's bundle or by `ca`. */
  connections(ca = readFileSync(this.endpoints.caFile, 'utf8')): Agent {
    const addresses = this.endpoints.connectTo.map((entry) => entry.split(':'));
    return serviceConnections({
      ca,
      addresses: Object.fromEntries(addresses.map(([host = '', , address = '']) => [host, address])),
    });
  }

  /** Ctrl-C. @returns the exit status */
  interrupt(): Promise<number> {
    this.#process.kill('SIGINT');
    return this.#ended;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.interrupt();
  }

  async #post<T>(url: string, body: unknown): Promise<T> {
    const connections = this.connections();
    const response = await request(url, {
      method: 'POST',
      dispatcher: connections,
      headers: {
        authorization: `Bearer ${this.endpoints.clientToken}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.body.json();
    await connections.close();
    if (response.statusCode >= 300)
      throw new Error(`${url}: ${response.statusCode} ${JSON.stringify(answer)}`);
    return answer as T;
  }
}

/**
 * Starts the demo and waits for its result.
 * @throws with everything that it wrote to stderr, when it ends before that
 */
export async function startDemo(directory: string): Promise<Demo> {
  const child = spawn(process.execPath, [main, 'demo', '--json', '--state-directory', directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1))),
  );
  const result = new Promise<DemoResult>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.endsWith('}\n')) resolve(JSON.parse(stdout));
    });
  });
  const first = await Promise.race([result, ended]);
  if (typeof first === 'number') throw new Error(`the demo ended with status ${first}:\n${stderr}`);
  return new Demo(child, ended, directory, first);
}

/** Writes a card number where the system writes, as a careless log line would. */
export function plant(directory: string, number: string): void {
  const body = Buffer.from(`{"number":"${number}"}`).toString('base64');
  writeFileSync(join(directory, 'planted.log'), JSON.stringify({ level: 'debug', body }));
}
