import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SupervisedChild } from '@cofferdam/devcluster/process';
import { startServer } from '../harness/programs.ts';
import { waitUntil } from '../harness/wait.ts';
import type { VaultEnvironment } from '../vault/environment.ts';
import { VAULT_FLAGS } from '../vault/processes.ts';
import type { VaultClient } from './client.ts';

const vaultMain = fileURLToPath(new URL('../../../services/vault/src/main.ts', import.meta.url));

type Running = { child: SupervisedChild; url: string };

/** Vault processes of one database. Each is a pod: one that has ended is replaced by one of another name. */
export class VaultFleet {
  readonly #environment: VaultEnvironment;
  readonly #env: Record<string, string>;
  readonly #client: VaultClient;
  readonly #signal: AbortSignal;
  readonly #running = new Map<number, Running>();
  #started = 0;

  /** @param env settings of the vaults beside those of the environment */
  constructor(
    environment: VaultEnvironment,
    options: { env: Record<string, string>; client: VaultClient; signal: AbortSignal },
  ) {
    this.#environment = environment;
    this.#env = options.env;
    this.#client = options.client;
    this.#signal = options.signal;
  }

  /** Of those that are ready. */
  get urls(): string[] {
    return [...this.#running.values()].map(({ url }) => url);
  }

  /**
   * Resolves when it is ready, as Kubernetes asks before it sends requests.
   *
   * @param main of the vault's code; default: ours
   */
  async start(place: number, main = vaultMain): Promise<void> {
    const name = `vault-${place}-${++this.#started}`;
    const { child, up } = await startServer(this.#environment.supervisor, {
      name,
      args: [...VAULT_FLAGS, main, 'serve'],
      env: { ...this.#environment.vaultEnvironment, ...this.#env, POD_NAME: name },
      logDirectory: this.#environment.logDirectory,
      isUp: ({ msg }) => /^Server listening at (https:.+)$/.exec(String(msg))?.[1],
    });
    await waitUntil(async () => ((await this.#client.isReady(up)) ? true : undefined), {
      ...{ signal: this.#signal, timeoutMs: 60_000, everyMs: 50 },
      onTimeout: () => `${name} was not ready within 60 s: ${join(this.#environment.logDirectory, name)}.log`,
    });
    this.#running.set(place, { child, url: up });
  }

  /** SIGKILL, and another one in its place. */
  async kill(place: number): Promise<void> {
    await this.#end(place, 'SIGKILL');
    await this.start(place);
  }

  /** SIGTERM, as Kubernetes ends a pod, or another signal; to all, or to the one in a place. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', place?: number): Promise<void> {
    const places = place === undefined ? [...this.#running.keys()] : [place];
    await Promise.all(places.map((one) => this.#end(one, signal)));
  }

  async #end(place: number, signal: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(place);
    this.#running.delete(place);
    await running?.child.stop({ signal, graceMs: 30_000 });
  }
}
