import { createLogger } from '@cofferdam/runtime';
import { expect, it } from 'vitest';
import { BoundedEntries } from '../../src/audit/bounded-entries.ts';
import type { Commit } from '../../src/commit.ts';
import type { AuditEntry } from '../../src/domain/audit-chain.ts';

const START = Date.UTC(2026, 10, 23, 12);

function world() {
  const written: AuditEntry[] = [];
  const state = { now: START, fails: false };
  const commit = (async (work) => {
    if (state.fails) throw new Error('the database is away');
    const entries: AuditEntry[] = [];
    const result = await work({ audit: (entry) => void entries.push(entry) } as Parameters<typeof work>[0]);
    written.push(...entries);
    return result;
  }) as Commit;
  const now = () => new Date(state.now);
  const logger = createLogger({ service: 'test', level: 'fatal' });
  const bounded = new BoundedEntries({ commit, logger, now });
  const refuse = (subject: string, reason = 'not_allowed') =>
    bounded.add(
      {
        ...{ time: now(), issuer: 'i', subject, action: 'access.refused', merchant: '', token: '' },
        ...{ requestId: `req_${state.now - START}`, detail: JSON.stringify({ reason }) },
      },
      reason,
    );
  const details = () => written.map(({ subject, detail }) => [subject, JSON.parse(detail)]);
  return { written, state, bounded, refuse, details };
}

it('writes the first of a kind at once, and what follows within a minute as one entry with a count', async () => {
  const { written, state, bounded, refuse, details } = world();
  for (let i = 0; i < 1000; i++) {
    await refuse('eve');
    state.now += 50;
  }
  await refuse('eve', 'another reason');
  await bounded.flush('those that are over');
  expect(details()).toEqual([
    ['eve', { reason: 'not_allowed' }],
    ['eve', { reason: 'another reason' }],
  ]);
  state.now = START + 60_000;
  await bounded.flush('those that are over');
  const [since, until] = ['2026-11-23T12:00:00.000Z', '2026-11-23T12:00:49.950Z'];
  expect(details().at(-1)).toEqual(['eve', { reason: 'not_allowed', repeated: 999, since, until }]);
  expect(written.at(-1)).toMatchObject({ time: new Date(state.now), requestId: 'req_49950' });
  await refuse('eve');
  expect(written).toHaveLength(4);
});

it('counts kinds beyond a hundred together: varying what one asks for writes no more', async () => {
  const { written, bounded, refuse, details } = world();
  for (let i = 0; i < 5000; i++) await refuse(`eve-${i}`);
  expect(written).toHaveLength(100);
  await bounded.flush('all');
  expect(written).toHaveLength(101);
  expect(details().at(-1)).toMatchObject(['', { reason: '(many)', repeated: 4900 }]);
});

it('loses none over a database that is away', async () => {
  const { written, state, bounded, refuse, details } = world();
  state.fails = true;
  await expect(refuse('eve')).rejects.toThrow();
  await refuse('eve');
  await expect(bounded.flush('all')).rejects.toThrow();
  state.fails = false;
  await bounded.flush('all');
  expect(details()).toMatchObject([['eve', { repeated: 2 }]]);
  await bounded.flush('all');
  expect(written).toHaveLength(1);
});
