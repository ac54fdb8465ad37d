import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../harness/wait.ts';
import { cardNumbers, LOADED_PREFIX } from './cards.ts';
import { type Audit, verifyAudit } from './checks/audit.ts';
import { checkEvents, type Events } from './checks/events.ts';
import { type Hunt, huntLeaks } from './checks/leaks.ts';
import { checkRows, checkTokens, type RevealedTokens, type Rows } from './checks/tokens.ts';
import { drawKills, Killer } from './kills.ts';
import { Ledger } from './ledger.ts';
import { Loader } from './loader.ts';
import { seededRandom } from './random.ts';
import { takeBaseBackup } from './restore/base-backup.ts';
import { type Drill, type DrillRequest, restoreDrill } from './restore/drill.ts';
import { type RollOut, rollOut } from './roll-out.ts';
import { everythingWritten, openStage, plant, type Stage, TOPIC } from './stage.ts';

export type DurabilityOptions = {
  kills: number;
  seconds: number;
  seed: number;
  ratePerSecond: number;
  /** So many in each step of the roll-out. */
  rollOutRequests: number;
  /** Whether a backup is taken and restored, too. */
  restore: boolean;
};

export type RunParts = {
  hostEnvironment: Record<string, string>;
  signal: AbortSignal;
  onProgress: (step: string, detail?: string) => void;
};

export type Outcome = {
  ledger: Ledger;
  kills: ReadonlyMap<string, number>;
  /** Why there was no Kafka. */
  brokerAbsent: string | undefined;
  tokens: RevealedTokens;
  rows: Rows;
  events: Events;
  audit: Audit;
  rolledOut: RollOut;
  /** Undefined where it was not asked for. */
  drill: Drill | undefined;
  hunt: Hunt;
  loadedSeconds: number;
  problems: string[];
};

const WORKERS = 16;
/** As many as the roll-out leaves. */
const VAULTS = 2;

/**
 * Callers write tokens, and write down what was acknowledged; meanwhile the parts are killed; then everything is held
 * against what was written down.
 */
export async function runDurability(options: DurabilityOptions, parts: RunParts): Promise<Outcome> {
  const { signal, onProgress } = parts;
  const random = seededRandom(options.seed);
  onProgress('starting', 'PostgreSQL, Kafka, KMS, vaults');
  const stage = await openStage(parts);
  try {
    const ledger = new Ledger();
    const startedAt = performance.now();
    const { kills, backup, pointInTime, rolledOut } = await loadAndKill(stage, { ledger, options, parts });
    const loadedSeconds = (performance.now() - startedAt) / 1000;
    const { client, environment, fleet, broker } = stage;
    client.renew(await environment.loadSettings());
    const there = { client, urls: () => fleet.urls, random };
    onProgress('revealing every token');
    const tokens = await checkTokens(ledger.tokens.values(), there);
    onProgress('comparing tables, events and audit');
    const rows = await checkRows(stage.databaseUrl, ledger);
    await untilPublished(stage, signal);
    const records = 'stop' in broker ? await broker.read(TOPIC) : undefined;
    const events = await checkEvents(stage.databaseUrl, ledger, records);
    const audit = await auditOf(stage);
    const drill = options.restore
      ? await restoreDrill(stage, { ledger, backup, pointInTime, records, seed: options.seed, onProgress })
      : undefined;
    onProgress('hunting card numbers');
    await plant(stage);
    const hunt = huntLeaks(await everythingWritten(stage));
    return {
      ...{ ledger, kills, tokens, rows, events, audit, rolledOut, drill, hunt, loadedSeconds },
      brokerAbsent: 'absent' in broker ? broker.absent : undefined,
      problems: [
        ...ledger.problems,
        ...[rolledOut, tokens, rows, events, drill, hunt].flatMap((part) => part?.problems ?? []),
        ...audit.findings.map(({ kind, message }) => `audit: ${kind}: ${message}`),
      ],
    };
  } finally {
    await stage.close();
  }
}

type Load = { ledger: Ledger; options: DurabilityOptions; parts: RunParts };

type Loaded = Pick<DrillRequest, 'backup' | 'pointInTime'> & {
  kills: ReadonlyMap<string, number>;
  rolledOut: RollOut;
};

async function loadAndKill(stage: Stage, { ledger, options, parts }: Load): Promise<Loaded> {
  const { signal, onProgress } = parts;
  const { fleet, postgres, broker, client } = stage;
  const random = seededRandom(options.seed + 1);
  const hasBroker = 'stop' in broker;
  const killer = new Killer(
    { fleet, postgres, vaults: VAULTS, broker: hasBroker ? broker : undefined },
    random,
  );
  const loader = new Loader({
    ...{ client, ledger, random, signal, urls: () => fleet.urls, workers: WORKERS },
    nextNumber: cardNumbers(LOADED_PREFIX),
    ratePerSecond: options.ratePerSecond,
  });
  onProgress('rolling a release out, back and out again');
  const { older } = stage;
  const rolledOut = await rollOut(stage, {
    older,
    loader,
    ledger,
    signal,
    requests: options.rollOutRequests,
  });
  const over = new AbortController();
  const loading = loader.run(over.signal);
  loading.catch(() => {}); // it is waited for below
  const backup = join(stage.directory, 'base-backup');
  let pointInTime = new Date();
  const endsAt = performance.now() + options.seconds * 1000;
  const meanMs = (options.seconds * 1000) / (options.kills + 1);
  try {
    if (options.restore) {
      onProgress('backing up while tokens are written');
      await takeBaseBackup(postgres, backup);
      stage.backups.push(backup);
    }
    for (const [i, kind] of drawKills(random, options.kills, hasBroker).entries()) {
      await sleep(meanMs * (0.5 + random.next()), undefined, { signal });
      onProgress(`kill ${i + 1} of ${options.kills}: ${kind}`, `${ledger.counts.acknowledged} acknowledged`);
      if (i === Math.floor(options.kills / 2)) pointInTime = new Date();
      await killer.kill(kind);
    }
    await sleep(Math.max(0, endsAt - performance.now()), undefined, { signal });
    await killer.allBack();
  } finally {
    over.abort();
  }
  onProgress('settling what was given up', `${ledger.unsettled.length} requests`);
  await loading;
  await loader.settle();
  return { kills: killer.done, backup, pointInTime, rolledOut };
}

/** Until the broker has everything that the outbox had when we began to wait: nobody writes any more. */
async function untilPublished({ fleet, broker, client }: Stage, signal: AbortSignal): Promise<void> {
  if (!('stop' in broker)) return;
  await waitUntil(
    async () => {
      const [url] = fleet.urls;
      return url !== undefined && (await client.unpublished(url)) === 0 ? true : undefined;
    },
    {
      signal,
      timeoutMs: 240_000,
      everyMs: 100,
      onTimeout: () => 'the broker did not get all events within 240 s',
    },
  );
}

async function auditOf({ fleet, environment, directory }: Stage): Promise<Audit> {
  const [vaultUrl = ''] = fleet.urls;
  const { caFile } = await environment.loadSettings();
  const token = await environment.identity('auditor');
  return verifyAudit({ vaultUrl, caFile, token, directory, logDirectory: environment.logDirectory });
}
