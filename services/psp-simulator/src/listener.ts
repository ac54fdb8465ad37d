import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * A listener that can be taken down and put up again on the same port, so that `down` is what a dead PSP looks
 * like: connection refused. A Fastify instance cannot listen twice, hence a new one each time.
 */
export class Listener {
  readonly #build: () => FastifyInstance;
  readonly #host: string;
  #port: number;
  #app: FastifyInstance | undefined;

  constructor(build: () => FastifyInstance, host: string, port: number) {
    this.#build = build;
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  async up(): Promise<void> {
    if (this.#app !== undefined) return;
    const app = this.#build();
    this.#app = app;
    await app.listen({ host: this.#host, port: this.#port }).catch((error: unknown) => {
      this.#app = undefined; // so that the next call tries again
      throw error;
    });
    this.#port = (app.server.address() as AddressInfo).port;
  }

  /** Requests under way are cut off. */
  async down(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    await app?.close();
  }
}
