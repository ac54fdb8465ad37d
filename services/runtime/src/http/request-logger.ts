import type { FastifyBaseLogger } from 'fastify';

type Bindings = Parameters<FastifyBaseLogger['child']>[0];
type Line = [object: unknown, message?: string, ...rest: unknown[]];

/** The logger of a request. Most write nothing through it, and to make a child costs as much as a line does. */
export class RequestLogger {
  readonly #parent: FastifyBaseLogger;
  readonly #bindings: Bindings;
  #made: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Bindings) {
    this.#parent = parent;
    this.#bindings = bindings;
  }

  get level(): string {
    return this.#parent.level;
  }

  child(...options: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#own.child(...options);
  }
  fatal(...line: Line): void {
    this.#own.fatal(...line);
  }
  error(...line: Line): void {
    this.#own.error(...line);
  }
  warn(...line: Line): void {
    this.#own.warn(...line);
  }
  info(...line: Line): void {
    this.#own.info(...line);
  }
  debug(...line: Line): void {
    this.#own.debug(...line);
  }
  trace(...line: Line): void {
    this.#own.trace(...line);
  }
  silent(...line: Line): void {
    this.#own.silent(...line);
  }

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings);
    return this.#made;
  }
}
