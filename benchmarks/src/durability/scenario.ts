import { SEED_HELP, seedOf } from '../faults/randomness.ts';
import { atLeast, exactly, type Findings, type Result } from '../harness/report.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import type { RunContext, Scenario } from '../scenario.ts';
import type { Drill } from './restore/drill.ts';
import { type DurabilityOptions, type Outcome, runDurability } from './run.ts';

export const durabilityScenario: Scenario = {
  name: 'durability',
  summary: 'what was acknowledged is there, and nothing else, after vault, PostgreSQL and Kafka were killed',
  options: {
    kills: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    rate: { type: 'string' },
    'no-restore': { type: 'boolean' },
  },
  help: [
    '--kills <n>     default 36, with --quick 6',
    '--seconds <s>   of load, more where killing takes longer; default 180, with --quick 12',
    '--rate <n>      requests a second; default 150',
    '--no-restore    takes and restores no backup',
    SEED_HELP.replace('a run;', 'the choices of a run, but not when they fall;'),
  ],
  prepare(values, quick) {
    const number = (option: string, text: unknown, to: number) => wholeNumber(option, text, { from: 1, to });
    const options = {
      kills: number('--kills', values['kills'] ?? (quick ? 6 : 36), 10_000),
      seconds: number('--seconds', values['seconds'] ?? (quick ? 12 : 180), 86_400),
      ratePerSecond: number('--rate', values['rate'] ?? 150, 10_000),
      seed: seedOf(values['seed']),
      rollOutRequests: quick ? 40 : 1000,
      restore: values['no-restore'] !== true,
    };
    return (context) => measure(context, options);
  },
};

async function measure(context: RunContext, options: DurabilityOptions): Promise<Findings> {
  context.progress.show(`seed ${options.seed}`);
  const outcome = await runDurability(options, {
    hostEnvironment: context.environment,
    signal: context.signal,
    onProgress: (step, detail) => context.progress.show(step, detail),
  });
  return findingsOf(outcome, options);
}

const counted = (name: string, errors: number, figures: Record<string, number | null>): Result => ({
  ...{ name, ratePerSecond: null, p50Ms: null, p99Ms: null, p999Ms: null, errors },
  ...figures,
});

export function findingsOf(outcome: Outcome, options: DurabilityOptions): Findings {
  const { ledger, kills, tokens, rows, events, audit, drill, hunt, problems, rolledOut } = outcome;
  const { counts } = ledger;
  const killed = [...kills.values()].reduce((sum, times) => sum + times, 0);
  return {
    settings: {
      ...options,
      durability:
        'fsync and synchronous_commit on, as PostgreSQL comes; processes are killed, the machine is not',
      olderCode: rolledOut.older,
      kafka: outcome.brokerAbsent ?? 'one broker, acks all',
      relay: "inside the vault's process; killed with it, and apart by the end of its session",
    },
    results: [
      counted('roll-out, acknowledged', rolledOut.problems.length, {
        ...{ olderOnItsSchema: rolledOut.olderOnItsSchema, olderAndNewer: rolledOut.olderAndNewer },
        olderAloneOnTheNewest: rolledOut.olderAloneOnTheNewest,
      }),
      counted('kills', 0, { all: killed, ...Object.fromEntries(kills) }),
      {
        ...counted('acknowledged', ledger.problems.length, counts),
        ratePerSecond: Math.round(counts.acknowledged / outcome.loadedSeconds),
      },
      counted('tokens', tokens.problems.length, { decrypt: tokens.revealed, deletedAndGone: tokens.gone }),
      counted('rows', rows.problems.length, {
        ...{ idempotencyKeys: rows.idempotencyKeys, keysAnswered: ledger.keys.size },
        ...{ tokens: rows.tokens, records: rows.records },
      }),
      counted('events', events.problems.length, {
        ...{ outbox: events.inOutbox, kafka: events.inKafka, kafkaRepetitions: events.repeated },
      }),
      counted('audit', audit.findings.length, {
        ...{
          rows: audit.rows,
          chains: audit.writers,
          anchored: audit.anchored,
          foundLater: audit.foundLater,
        },
        ...{ notAnchored: audit.notAnchored.rows, anchors: audit.anchors.kept },
      }),
      ...(drill ? [restored(drill)] : []),
      counted('hunt', hunt.problems.length, {
        mebibytesRead: Math.round(hunt.read),
        placesWithThePlantedNumber: hunt.plantedFoundIn.length,
      }),
    ],
    targets: [
      atLeast('kills', { value: options.kills, unit: '' }, killed),
      exactly(
        'acknowledged tokens that do not decrypt to their card, or are not gone',
        0,
        tokens.problems.length,
      ),
      exactly(
        'idempotency keys without exactly one row, tokens and records too many or too few',
        0,
        rows.problems.length,
      ),
      exactly('events missing, too many or out of order', 0, events.problems.length),
      exactly('findings of the audit', 0, audit.findings.length),
      ...(drill
        ? [
            exactly(
              'tokens, events and audit rows otherwise than they were at the point in time',
              0,
              drill.problems.length,
            ),
          ]
        : []),
      exactly('places with card data, or without what was planted', 0, hunt.problems.length),
    ],
    problems: problems.map((problem) => `--seed ${options.seed}: ${problem}`),
  };
}

const restored = (drill: Drill): Result =>
  counted('restore to a point in time', drill.problems.length, {
    ...{ acknowledgedBeforeAndDecrypting: drill.open, goneOrNotYet: drill.gone, underWay: drill.undecided },
    ...{ deletionsUndone: drill.resurrected, eventsThatNeverHappened: drill.lostEvents },
    ...{ auditRows: drill.auditRows, auditChainsCutOff: drill.truncatedChains },
    recoveredInMs: drill.recoveredInMs,
  });
