import type { TokenRecord } from '@cofferdam/contracts';
import type { Database, Identity } from '@cofferdam/runtime';
import type { z } from 'zod';
import type { BoundedEntries } from './audit/bounded-entries.ts';
import type { Commit } from './commit.ts';
import type { CvcKeys } from './crypto/cvc-keys.ts';
import type { KeyRing } from './crypto/key-ring.ts';
import type { GroupWork } from './group-commit/gatherer.ts';
import type { Lane } from './group-commit/lane.ts';
import type { IntegrityReports } from './integrity-reports.ts';
import type { MerchantKeys } from './kms/merchant-keys.ts';

export type TokenFormat = 'Opaque' | 'Preserving';

/** What the use cases work with; wired in serve.ts. */
export interface Vault {
  readonly vaultId: string;
  readonly tokenFormat: TokenFormat;
  /** Whether a card that a merchant tokenizes again keeps its token. */
  readonly deduplicate: boolean;
  readonly database: Database;
  readonly keys: KeyRing;
  readonly cvcKeys: CvcKeys;
  readonly merchantKeys: MerchantKeys;
  /** For so long a backup holds what the database held. */
  readonly backupRetentionMs: number;
  /** For rare work: a transaction of its own. */
  readonly commit: Commit;
  /** For what comes often: carried out, and committed, with whatever else of its kind comes at the same time. */
  together<T, R>(work: GroupWork<T, R, Lane>, item: T): Promise<R>;
  /** For audit entries that anybody can cause as often as he likes. */
  readonly integrity: IntegrityReports;
  readonly boundedAudit: BoundedEntries;
  readonly now: () => Date;
}

/** On whose behalf: an identity, the merchant that it was authorized for, and the request to find it all by. */
export interface Requester {
  identity: Identity;
  merchant: string;
  requestId: string;
}

export type TokenAnswer = z.infer<typeof TokenRecord>;
