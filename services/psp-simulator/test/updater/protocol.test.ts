import { passesLuhn, UpdaterAnswer } from '@cofferdam/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newNumber, type Simulator, startSimulator, UPDATER_CODES } from '../../src/index.ts';

let simulator: Simulator;
let now = new Date('2026-11-23T12:00:00Z');
beforeAll(async () => {
  simulator = await startSimulator({ updaterTokens: ['secret'], now: () => now });
});
afterAll(() => simulator.close());
beforeEach(() => simulator.state.reset());

const batch = `ubt_${'0'.repeat(26)}`;
const number = '4000000000000010';
const cards = Array.from({ length: 6 }, (_, i) => ({
  ...{ row: i + 1, number: `40000000000000${i}0`, expiryMonth: 12, expiryYear: 2026 },
}));

async function call(
  method: string,
  path: string,
  { body, token = 'secret' }: { body?: unknown; token?: string } = {},
) {
  const response = await fetch(simulator.updaterUrl + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: await response.json() };
}
const submit = () => call('POST', '/v1/batches', { body: { batch, cards } });
const answer = async () => UpdaterAnswer.parse((await call('GET', `/v1/batches/${batch}`)).body);

describe('the account updater', () => {
  it('says of each card what its number asks for', async () => {
    expect((await submit()).status).toBe(202);
    const { state, results } = await answer();
    expect(state).toBe('complete');
    const codes = ['unchanged', ...UPDATER_CODES.values()];
    expect(results).toMatchObject(
      codes.map((code, i) => ({ row: i + 1, code, occurredAt: now.toISOString() })),
    );
    expect(results[1]).toMatchObject({
      card: { number: newNumber(number), expiryMonth: 12, expiryYear: 2030 },
    });
    expect(passesLuhn(newNumber(number))).toBe(true);
    expect(newNumber(number)).toMatch(/^400000\d{8}9\d$/);
  });

  it('keeps the first content of a batch, knows no other, and lets nobody in without a token', async () => {
    await submit();
    await call('POST', '/v1/batches', { body: { batch, cards: cards.slice(0, 1) } });
    expect((await answer()).results).toHaveLength(6);
    expect(await call('GET', `/v1/batches/ubt_${'1'.repeat(26)}`)).toMatchObject({ status: 404 });
    expect(await call('GET', `/v1/batches/${batch}`, { token: 'other' })).toMatchObject({ status: 401 });
    expect(await call('POST', '/v1/batches', { body: {} })).toMatchObject({ status: 400 });
  });

  it('is late, partial and double, as it is told', async () => {
    simulator.state.updater.mode = { lateMs: 1000, parts: 2, twice: true, nonsenseEvery: 3 };
    await submit();
    expect(await answer()).toMatchObject({ state: 'processing', results: [] });
    now = new Date(now.getTime() + 1000);
    expect(await answer()).toMatchObject({ state: 'processing', results: { length: 6 } });
    const { state, results } = await answer();
    expect([state, results.length]).toEqual(['complete', 12]);
    expect(results[2]).toMatchObject({ code: 'unheard_of' });
  });
});
