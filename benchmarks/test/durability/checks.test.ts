import { describe, expect, it } from 'vitest';
import { cardNumbers, LOADED_PREFIX, PLANTED_PREFIX } from '../../src/durability/cards.ts';
import { publishedInOrder, wrongEvents } from '../../src/durability/checks/events.ts';
import { huntLeaks, plantedText } from '../../src/durability/checks/leaks.ts';
import { drawKills, KILLS } from '../../src/durability/kills.ts';
import { type Deed, Ledger, type LedgerToken } from '../../src/durability/ledger.ts';
import { seededRandom } from '../../src/durability/random.ts';
import { statementsAfterRestore } from '../../src/durability/restore/after-restore.ts';
import { ledgerAt } from '../../src/durability/restore/ledger-at.ts';

const row = (sequence: number, type = 'token.updated') => ({
  ...{ subject: 'tok_a', sequence, type, id: `evt_${sequence}` },
});
const record = (sequence: number, { partition = 0, id = `evt_${sequence}` } = {}) => ({
  ...{ key: 'tok_a', partition, value: JSON.stringify({ id, sequence }) },
});

describe('the events of a topic', () => {
  const outbox = new Map([['tok_a', [row(1), row(2), row(3)]]]);
  const read = (...records: ReturnType<typeof record>[]) => publishedInOrder(outbox, records).problems;

  it('may come again from further back', () => {
    expect(read(record(1), record(2), record(1), record(2), record(3))).toEqual([]);
  });

  it.each([
    ['one is missing', [record(1), record(2)], 'tok_a has 3 events, and the topic 2'],
    [
      'one comes before the one before it',
      [record(1), record(3), record(2)],
      'event 3 of tok_a comes after event 1',
    ],
    [
      'one is not that of the outbox',
      [record(1), record(2, { id: 'evt_9' }), record(3)],
      'event 2 of tok_a is not that of the outbox',
    ],
    [
      'they change partitions',
      [record(1), record(2, { partition: 1 }), record(3)],
      'tok_a is in partitions 0 and 1',
    ],
  ])('are wrong where %s', (_what, records, problem) => {
    expect(read(...records)).toContain(problem);
  });
});

describe('the events of a token', () => {
  const deed = (type: Deed['type']): Deed => ({ type, sentAt: 0, acknowledgedAt: 0, expiryYear: 2032 });
  const token = (types: Deed['type'][], reveals = { acknowledged: 0, unknown: 0 }): LedgerToken => ({
    ...{ token: 'tok_a', number: '', deeds: types.map(deed), reveals, isBusy: false },
    request: { key: '', number: '', expiryYear: 2032, cvc: undefined },
  });
  const created = row(1, 'token.created');

  it('are what was acknowledged, and the reveals between', () => {
    const known = token(['token.created', 'token.deleted'], { acknowledged: 1, unknown: 1 });
    const deleted = 'token.deleted';
    const shown = 'token.revealed';
    expect(wrongEvents(known, [created, row(2, shown), row(3, deleted)])).toBeUndefined();
    expect(wrongEvents(known, [created, row(2, shown), row(3, shown), row(4, deleted)])).toBeUndefined();
    expect(wrongEvents(known, [created, row(2, deleted)])).toBeDefined();
    expect(wrongEvents(known, [created, row(2, deleted), row(3, shown)])).toBeDefined();
  });

  it.each([
    ['none', []],
    ['an acknowledged one too few', [created]],
    ['one that nobody was told of', [created, row(2), row(3)]],
    ['a gap', [created, row(3)]],
  ])('are wrong where there is %s', (_what, found) => {
    expect(wrongEvents(token(['token.created', 'token.updated']), found)).toMatch(/^events of tok_a/);
  });
});

describe('a restore to a point in time', () => {
  const deed = (type: Deed['type'], sentAt: number, acknowledgedAt: number, expiryYear = 2032): Deed => ({
    ...{ type, sentAt, acknowledgedAt, expiryYear },
  });
  const at = (...deeds: Deed[]) => {
    const ledger = new Ledger();
    ledger.add({
      ...{ token: 'tok_a', number: '', deeds, isBusy: false, reveals: { acknowledged: 0, unknown: 0 } },
      request: { key: '', number: '', expiryYear: 2032, cvc: undefined },
    });
    const { open, gone, resurrected, undecided } = ledgerAt(ledger, 100);
    const years = open.map(({ expiryYears }) => [...expiryYears]);
    return { years, gone: gone.length, resurrected: resurrected.length, undecided };
  };
  const created = deed('token.created', 10, 20);
  const open = { years: [[2032]], gone: 0, resurrected: 0, undecided: 0 };

  it.each([
    ['acknowledged before', [created], open],
    ['asked for after', [deed('token.created', 101, 110)], { ...open, years: [], gone: 1 }],
    ['under way', [deed('token.created', 90, 110)], { ...open, years: [], undecided: 1 }],
    ['deleted before', [created, deed('token.deleted', 30, 40)], { ...open, years: [], gone: 1 }],
    ['deleted after', [created, deed('token.deleted', 130, 140)], { ...open, resurrected: 1 }],
    ['being deleted', [created, deed('token.deleted', 90, 140)], { ...open, years: [], undecided: 1 }],
    ['updated before', [created, deed('token.updated', 30, 40, 2033)], { ...open, years: [[2033]] }],
    ['being updated', [created, deed('token.updated', 90, 110, 2033)], { ...open, years: [[2032, 2033]] }],
    ['updated after', [created, deed('token.updated', 130, 140, 2033)], open],
  ])('of a token that was %s', (_when, deeds, wanted) => {
    expect(at(...deeds)).toEqual(wanted);
  });

  it('ends with the statements of the runbook', () => {
    expect(statementsAfterRestore().map((statement) => statement.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['UPDATE outbox_subject', 'SET synchronous_commit', 'DO $$', 'SET synchronous_commit'],
      'UPDATE outbox_pruned',
    ]);
  });
});

describe('the hunt', () => {
  const planted = { name: 'planted', content: plantedText(cardNumbers(PLANTED_PREFIX)()) };
  const loaded = cardNumbers(LOADED_PREFIX)();
  const problems = (...contents: string[]) =>
    huntLeaks({ logs: () => [planted, ...contents.map((content) => ({ name: 'log', content }))] }).problems;

  it('finds what was planted, and nothing in what may be written', () => {
    const shown = `${loaded.slice(0, 8)},${loaded.slice(-4)} {"bin":"${loaded.slice(0, 8)}","lastFour":"${loaded.slice(-4)}"}`;
    expect(problems(shown, 'cvc_ {"sealedCvc":"cvc_abc"}', '{"cvc":null}')).toEqual([]);
  });

  it.each([
    ['a number', loaded],
    ['a number in base64', Buffer.from(`x${loaded}`).toString('base64')],
    ['a CVC in JSON', '{"cvc":"739"}'],
    ['a CVC in JSON in a line of JSON', JSON.stringify(JSON.stringify({ cvc: '704' }))],
    ['a CVC as Node.js prints it', "{ cvc: '758' }"],
    ['a CVC in hexadecimal', Buffer.from('{"cvc":"758"}').toString('hex')],
    ['a sealed CVC', `cvc_${'aB3-'.repeat(40)}`],
  ])('finds %s', (_what, content) => {
    expect(problems(content)).not.toEqual([]);
  });

  it('that does not find what was planted proves nothing', () => {
    expect(huntLeaks({ logs: () => [] }).problems).toEqual(['logs: what was planted there was not found']);
  });
});

it('kills each kind once before any comes again, and what is not there never', () => {
  const random = seededRandom(1);
  expect(drawKills(random, KILLS.length, true).toSorted()).toEqual([...KILLS].toSorted());
  expect(new Set(drawKills(random, 500, false))).toEqual(
    new Set(KILLS.filter((kind) => kind !== 'broker' && kind !== 'relay')),
  );
});
