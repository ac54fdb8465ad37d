import type { RoutingFile } from '@cofferdam/contracts';
import type { Database, Logger } from '@cofferdam/runtime';
import type { Connectors } from './connectors.ts';
import type { VaultApi } from './vault-api.ts';

/** What the use cases need of the world. */
export interface Router {
  readonly database: Database;
  readonly vault: VaultApi;
  readonly connectors: Connectors;
  /** The routing of this moment. */
  readonly routing: () => RoutingFile;
  /** Key of the digests of idempotency keys and bodies. */
  readonly digestKey: () => Promise<Buffer>;
  readonly now: () => Date;
  readonly logger: Logger;
}
