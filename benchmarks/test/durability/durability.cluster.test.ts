import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runDurability } from '../../src/durability/run.ts';
import { findingsOf } from '../../src/durability/scenario.ts';

const OPTIONS = {
  ...{ kills: 5, seconds: 4, seed: 20_261_123, ratePerSecond: 100, vaults: 2 },
  transactionsPassedOver: 20_000,
};

// The long form is `npm run bench -- durability`.
test('what was acknowledged is there, and nothing else, after vault, PostgreSQL and Kafka were killed, and after a restore what was acknowledged by then', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bench-test-'));
  vi.stubEnv('TMPDIR', temporary);
  const outcome = await runDurability(OPTIONS, {
    hostEnvironment: { PATH: process.env['PATH'] ?? '', TMPDIR: temporary },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  if (outcome.brokerAbsent !== undefined) console.warn(`without Kafka: ${outcome.brokerAbsent}`);

  const { problems, targets } = findingsOf(outcome, OPTIONS);
  expect(problems).toEqual([]);
  expect(targets.filter(({ met }) => !met)).toEqual([]);
  // That it has put something to the proof.
  const { ledger, tokens, events, audit, drill, hunt } = outcome;
  expect([...outcome.kills.values()].reduce((sum, n) => sum + n)).toBe(OPTIONS.kills);
  expect(ledger.counts.acknowledged).toBeGreaterThan(20);
  expect(tokens.revealed).toBeGreaterThan(20);
  expect(events.inOutbox).toBeGreaterThan(20);
  expect(events.inKafka).toBe(outcome.brokerAbsent === undefined ? events.inOutbox : null);
  expect(audit.anchored).toBeGreaterThan(0);
  expect(drill.open).toBeGreaterThan(0);
  expect(drill.gone).toBeGreaterThan(0);
  expect(hunt.plantedFoundIn).toEqual([
    ...['tables', 'table files', 'write-ahead log', 'logs', 'temporary files'],
    ...(outcome.brokerAbsent === undefined ? ['topics'] : []),
  ]);
  expect(readdirSync(temporary)).toEqual([]);
}, 300_000);
