import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runDurability } from '../../src/durability/run.ts';
import { findingsOf } from '../../src/durability/scenario.ts';

const OPTIONS = {
  ...{ kills: 4, seconds: 2, seed: 20_261_123, ratePerSecond: 60 },
  ...{ rollOutRequests: 15, restore: false },
};

// The long form is `npm run bench -- durability`; it kills the broker, too, and restores a backup.
test('what was acknowledged is there, and nothing else, after a roll-out and back, after vault, PostgreSQL and relay were killed', async () => {
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
  const { ledger, tokens, events, audit, hunt, rolledOut } = outcome;
  expect([...outcome.kills.values()].reduce((sum, n) => sum + n)).toBe(OPTIONS.kills);
  expect(ledger.counts.acknowledged).toBeGreaterThan(20);
  expect(tokens.revealed).toBeGreaterThan(20);
  expect(events.inOutbox).toBeGreaterThan(20);
  expect(events.inKafka).toBe(outcome.brokerAbsent === undefined ? events.inOutbox : null);
  expect(audit.anchored).toBeGreaterThan(0);
  expect(rolledOut.olderAloneOnTheNewest).toBeGreaterThanOrEqual(OPTIONS.rollOutRequests);
  expect(hunt.plantedFoundIn).toEqual([
    ...['tables', 'table files', 'write-ahead log', 'logs', 'temporary files'],
    ...(outcome.brokerAbsent === undefined ? ['topics'] : []),
  ]);
  expect(readdirSync(temporary)).toEqual([]);
}, 600_000);
