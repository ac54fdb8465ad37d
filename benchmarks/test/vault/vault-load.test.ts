import { passesLuhn } from '@cofferdam/contracts';
import { describe, expect, it } from 'vitest';
import { openLoop } from '../../src/vault/load/arrivals.ts';
import { cardNumber } from '../../src/vault/load/card-numbers.ts';
import type { Connection } from '../../src/vault/load/connection.ts';
import { readOptions } from '../../src/vault/options.ts';

it('cardNumber() gives another number that passes Luhn at each place', () => {
  const places = [0, 1, 9, 10, 99, 123_456, 99_999_999_999_999];
  const numbers = places.map(cardNumber);
  expect(numbers.filter((number) => !/^4\d{15}$/.test(number) || !passesLuhn(number))).toEqual([]);
  expect(new Set(numbers).size).toBe(places.length);
});

describe('openLoop()', () => {
  const answeredAfter = (ms: number) =>
    ({
      send: () => new Promise((resolve) => setTimeout(() => resolve({ status: 201, body: '' }), ms)),
    }) as unknown as Connection;
  const request = () => ({ text: '', isGood: ({ status }: { status: number }) => status === 201 });

  it('sends as many requests as are due, however long they take', async () => {
    const connections = Array.from({ length: 50 }, () => answeredAfter(20));
    const { latenciesMs, errors } = await openLoop(
      connections,
      { seconds: 0.5, ratePerSecond: 400 },
      request,
    );
    expect(errors).toBe(0);
    // 200, give or take four standard deviations.
    expect(latenciesMs.length).toBeGreaterThan(140);
    expect(latenciesMs.length).toBeLessThan(260);
  });

  it('counts the time for which a request that was due found no connection', async () => {
    const { latenciesMs } = await openLoop(
      [answeredAfter(20)],
      { seconds: 0.5, ratePerSecond: 100 },
      request,
    );
    // One connection does 50 a second: the last of about 50 was due half a second before its turn came.
    expect(Math.max(...latenciesMs)).toBeGreaterThan(80);
  });
});

describe('options', () => {
  it('have defaults, short ones with --quick', () => {
    expect(readOptions({}, false)).toEqual({
      ...{ seconds: 20, connections: 64, replicas: [1, 2], isThroughputOnly: false, nodeFlags: [] },
      soakSeconds: 600,
    });
    expect(readOptions({}, true)).toMatchObject({ seconds: 3, soakSeconds: 6 });
    const throughputOnly = { seconds: 3, soakSeconds: 0, replicas: [1] };
    expect(readOptions({ 'throughput-only': true }, true)).toMatchObject(throughputOnly);
  });

  it.each([
    [{ seconds: '0' }, '--seconds "0": a whole number from 1 to 3600 is wanted'],
    [{ replicas: '1,x' }, '--replicas "x": a whole number from 1 to 8 is wanted'],
  ])('refuse %o', (values, message) => {
    expect(() => readOptions(values, false)).toThrow(message);
  });
});
