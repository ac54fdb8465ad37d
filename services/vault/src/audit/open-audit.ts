import { type AuditAnchor, keyMark } from '@cofferdam/contracts/audit';
import {
  type Access,
  type Database,
  every,
  type JsonPublisher,
  jsonPublisher,
  type Lifecycle,
  type Logger,
  type Metrics,
  mountedKafkaAccess,
  type SchemaGate,
  type Tracing,
} from '@cofferdam/runtime';
import type { Commit } from '../commit.ts';
import type { readServeConfig } from '../config.ts';
import type { KeyManagement } from '../kms/key-management.ts';
import { macAnchor, proveAnchor } from './anchor-mac.ts';
import { Anchors } from './anchors.ts';
import { BoundedEntries } from './bounded-entries.ts';
import type { ChainHeads } from './chain-heads.ts';
import { createLeftovers } from './leftovers.ts';
import { RulesLog } from './rules-log.ts';

export interface AuditOptions {
  database: Database;
  heads: ChainHeads;
  commit: Commit;
  access: Pick<Access, 'file'>;
  schema: Pick<SchemaGate, 'isOpen'>;
  kms: KeyManagement;
  lifecycle: Lifecycle;
  logger: Logger;
  metrics: Metrics;
  tracing?: Tracing | undefined;
}

/** What the audit trail needs beside the commits that write it. */
export interface Audit {
  /** For entries that anybody can cause as often as he likes. */
  readonly bounded: BoundedEntries;
  /** Whether KMS made this anchor's MAC. @throws {KeyManagementError} */
  prove(anchor: AuditAnchor): Promise<'valid' | 'invalid' | 'unknown'>;
}

const LEFTOVERS_EVERY_MS = 60_000;

/** Starts what goes on beside the requests: anchors, counted entries, the rules in use. */
export function openAudit(config: ReturnType<typeof readServeConfig>, options: AuditOptions): Audit {
  const { database, heads, commit, access, schema, kms, lifecycle, logger, metrics } = options;
  const { VAULT_ID: vaultId, KMS_KEY_ARN: keyArn } = config;
  const now = () => new Date();
  const publisher = publisherOf(config, options);
  const anchors = new Anchors({
    ...{ vaultId, database, heads, logger, metrics },
    mac: (anchor) => macAnchor({ kms, keyArn }, anchor),
    publish: (anchor) => publisher?.add({ key: anchor.run, value: anchor }),
    leftovers: createLeftovers({ database, run: heads.run, logger, metrics }),
  });
  const bounded = new BoundedEntries({ commit, logger, now });
  const rules = new RulesLog({ vaultId, commit, now });
  metrics.meter
    .createObservableGauge('cofferdam_audit_anchors_unpublished', {
      description: 'Anchors that the broker does not have yet; 0 where none is to have them.',
    })
    .addCallback((result) => result.observe(publisher?.waiting() ?? 0));

  const whenReady = (work: () => Promise<void>) => async () => {
    if (schema.isOpen) await work();
  };
  const tasks = [
    every(1000, { name: 'audit rules', logger }, () => {
      rules.inUse(access.file());
      return whenReady(() => rules.flush())();
    }),
    every(
      1000,
      { name: 'audit what was counted', logger },
      whenReady(() => bounded.flush('those that are over')),
    ),
    every(1000, { name: 'publish anchors', logger }, () => publisher?.flush()),
    every(
      config.AUDIT_ANCHOR_SECONDS * 1000,
      { name: 'anchor audit chains', logger },
      whenReady(() => anchors.step()),
    ),
    every(
      LEFTOVERS_EVERY_MS,
      { name: 'look for audit chains without anchor', logger },
      whenReady(() => anchors.lookForLeftovers()),
    ),
  ];
  lifecycle.onClose('audit', async () => {
    for (const task of tasks) task.stop();
    // Without database or KMS a process still ends as it should: others anchor what it has left.
    const failed = (err: unknown) =>
      logger.warn({ err }, 'the audit chains of this run end without an anchor');
    if (schema.isOpen) {
      await bounded.flush('all').catch(failed);
      await anchors.end().catch(failed);
    }
    await publisher?.close();
  });
  logger.info({ key: keyMark(keyArn), run: heads.run }, 'audit chains of this run');
  return { bounded, prove: (anchor) => proveAnchor({ kms, keyArn }, anchor) };
}

/** Anchors take a way past the database: whoever owns that could keep an outbox from telling. */
function publisherOf(
  config: ReturnType<typeof readServeConfig>,
  { logger, tracing }: Pick<AuditOptions, 'logger' | 'tracing'>,
): JsonPublisher | undefined {
  const access = mountedKafkaAccess(config);
  const { KAFKA_AUDIT_TOPIC: topic, POD_NAME: clientId } = config;
  return access && topic !== undefined
    ? jsonPublisher({ access, topic, clientId, logger, tracing })
    : undefined;
}
