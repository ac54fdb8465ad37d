import { ENV, type Statusz } from '@cofferdam/contracts';
import type {
  CheckResult,
  Database,
  Lifecycle,
  Logger,
  Metrics,
  Readiness,
  Tracing,
} from '@cofferdam/runtime';
import { notUsable } from '@cofferdam/runtime';
import { storeKey } from './audit/key-events.ts';
import type { Commit } from './commit.ts';
import type { readServeConfig } from './config.ts';
import { CvcKeys } from './crypto/cvc-keys.ts';
import { KeyRing } from './crypto/key-ring.ts';
import { awsKeyManagement } from './kms/aws.ts';
import { type GuardedKeyManagement, guardKeyManagement } from './kms/guarded.ts';
import { type MerchantKeys, NO_MERCHANT_KEYS, watchMerchantKeys } from './kms/merchant-keys.ts';
import { observeKeyManagement } from './kms/observed.ts';
import { traceKeyManagement } from './kms/traced.ts';

export interface Keys {
  ring: KeyRing;
  merchantKeys: MerchantKeys;
  cvcKeys: CvcKeys;
  /** Zeroes what is too old, although nobody asks for it. */
  sweep(): void;
  kms: GuardedKeyManagement;
  status(): NonNullable<Statusz['key']>;
  /** Called every few seconds: finds out that KMS is away before a request does, and that it is back. */
  probe(): Promise<void>;
}

/** The data keys and what they come from: AWS KMS, observed, behind a budget and a circuit breaker. */
export async function openKeys(
  config: ReturnType<typeof readServeConfig>,
  around: {
    database: Database;
    commit: Commit;
    lifecycle: Lifecycle;
    logger: Logger;
    metrics: Metrics;
    tracing: Tracing | undefined;
    readiness: Readiness;
  },
): Promise<Keys> {
  const { database, commit, lifecycle, logger, metrics, tracing, readiness } = around;
  const { VAULT_ID: vaultId, KMS_KEY_ARN: keyArn } = config;
  const aws = awsKeyManagement();
  lifecycle.onClose('kms', () => aws.close());
  const observed = observeKeyManagement(tracing ? traceKeyManagement(aws, tracing) : aws, {
    keyArn,
    vaultId,
    metrics,
    keysLastUntil: () => ring.lastsUntil,
  });
  const kms = guardKeyManagement(observed, { metrics });
  const merchantKeys = await openMerchantKeys(config, { lifecycle, logger, readiness });
  const ring = new KeyRing({
    vaultId,
    database,
    kms,
    backgroundKms: kms.background,
    store: (key) => storeKey({ vaultId, commit, now: () => new Date() }, key),
    logger,
    keyArn,
    merchantKeys,
    dataKeyMaxAgeMs: config.DATA_KEY_MAX_AGE_HOURS * 3_600_000,
    outageToleranceMs: config.KMS_OUTAGE_MINUTES * 60_000,
    generation: config.REKEY_GENERATION,
  });
  const cvcKeys = new CvcKeys({ vaultId, keyArn, kms, ttlMs: config.CVC_TTL_SECONDS * 1000 });
  lifecycle.onClose('keys', () => {
    ring.close();
    cvcKeys.close();
  });
  metrics.meter
    .createObservableGauge('cofferdam_data_keys_in_memory', { description: 'Unwrapped data keys in memory.' })
    .addCallback((result) => result.observe(ring.size));
  readiness.add('key', (): CheckResult => {
    const { state, detail = 'KMS has not answered yet' } = observed.status();
    if (!observed.hasWorked()) return detail;
    // What needs no key goes on, and what has one in memory: it serves, and says what is wrong.
    return state === 'usable' || { warning: detail };
  });
  const sweep = (): void => {
    ring.sweep();
    cvcKeys.sweep();
  };
  return {
    ring,
    merchantKeys,
    cvcKeys,
    sweep,
    kms,
    status: () => observed.status(),
    probe: () => observed.probe(kms),
  };
}

async function openMerchantKeys(
  config: ReturnType<typeof readServeConfig>,
  { lifecycle, logger, readiness }: { lifecycle: Lifecycle; logger: Logger; readiness: Readiness },
): Promise<MerchantKeys> {
  const { MERCHANT_KEYS_FILE: path, VAULT_ID: vaultId } = config;
  if (path === undefined) return NO_MERCHANT_KEYS;
  const file = await watchMerchantKeys({ path, vaultId, logger }).catch(notUsable(ENV.merchantKeysFile));
  lifecycle.onClose("merchants' keys", () => file.close());
  readiness.add("merchants' keys", (): CheckResult => {
    const problem = file.problem();
    return problem === undefined || { warning: `the old list goes on: ${problem}` };
  });
  return file;
}
