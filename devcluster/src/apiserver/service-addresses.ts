import { listAt, numberAt, stringAt } from './object.ts';
import type { Store } from './storage/store.ts';

const NODE_PORTS = { first: 30000, last: 32767 };

/** Gives out cluster IPs of a /16 (`127.64.0.0/16`) and node ports; what is taken is what Services hold. */
export class ServiceAddresses {
  readonly #store: Store;
  readonly #prefix: string;
  #last = 0;

  /** @throws Error when the range is no IPv4 /16 */
  constructor(store: Store, range: string) {
    const found = /^(\d+\.\d+)\.0\.0\/16$/.exec(range);
    if (found?.[1] === undefined)
      throw new Error(`service range ${range}: wanted an IPv4 range of the form a.b.0.0/16`);
    this.#store = store;
    this.#prefix = found[1];
  }

  /** @throws Error when every address is taken */
  next(): string {
    const taken = new Set(this.#store.list('services').map((s) => stringAt(s, 'spec', 'clusterIP')));
    for (let tries = 0; tries < 65_000; tries++) {
      this.#last = (this.#last % 65_000) + 1;
      const address = `${this.#prefix}.${this.#last >> 8}.${this.#last & 255}`;
      const usable = (this.#last & 255) !== 0 && (this.#last & 255) !== 255;
      if (usable && !taken.has(address)) return address;
    }
    throw new Error(`all addresses of ${this.#prefix}.0.0/16 are taken`);
  }

  nextNodePort(): number {
    const services = this.#store.list('services');
    const taken = new Set(
      services.flatMap((s) => listAt(s, 'spec', 'ports').map((port) => numberAt(port, 'nodePort'))),
    );
    for (let port = NODE_PORTS.first; port <= NODE_PORTS.last; port++) if (!taken.has(port)) return port;
    throw new Error('all node ports are taken');
  }
}
