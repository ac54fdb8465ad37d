import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DataKey } from '../../src/crypto/data-key.ts';
import { KeyCache } from '../../src/crypto/key-cache.ts';

const refused = new Error('refused');
const away = new Error('away');
const MINUTE = 60_000;

describe('KeyCache', () => {
  let now = 0;
  let loads = 0;
  let failWith: Error | undefined;
  let cache: KeyCache;
  const material = randomBytes(32);
  const load = async () => {
    loads++;
    if (failWith) throw failWith;
    return new DataKey(1, Buffer.from(material));
  };
  const works = (key: DataKey) => key.digest('request', 'x').length === 32;

  beforeEach(() => {
    vi.useFakeTimers();
    [now, loads, failWith] = [0, 0, undefined];
    cache = new KeyCache({ now: () => now, isFinal: (error) => error === refused, maxKeys: 2 });
  });

  it('unwraps a key once for all who ask within five minutes, also at the same time', async () => {
    const [a, b] = await Promise.all([cache.get('k', load), cache.get('k', load)]);
    now = 5 * MINUTE - 1;
    expect([a === b, a === (await cache.get('k', load)), loads]).toEqual([true, true, 1]);
  });

  it('asks again after five minutes, and a request that holds the key goes on with it', async () => {
    const held = await cache.get('k', load);
    now = 5 * MINUTE;
    expect([await cache.get('k', load), loads]).toEqual([held, 2]);
    expect(works(held)).toBe(true);
  });

  it('goes on with a known key while KMS is away, until it is an hour old', async () => {
    const key = await cache.get('k', load);
    failWith = away;
    now = 59 * MINUTE;
    expect(await cache.get('k', load)).toBe(key);
    now = 60 * MINUTE;
    await expect(cache.get('k', load)).rejects.toBe(away);
    vi.advanceTimersByTime(30_000);
    expect(() => works(key)).toThrow('destroyed');
  });

  it('does not ask KMS at each request while it is away', async () => {
    await cache.get('k', load);
    failWith = away;
    now = 6 * MINUTE;
    for (let i = 0; i < 5; i++) await cache.get('k', load);
    expect(loads).toBe(2);
  });

  it('drops a key at once when KMS says no', async () => {
    const key = await cache.get('k', load);
    failWith = refused;
    now = 5 * MINUTE;
    await expect(cache.get('k', load)).rejects.toBe(refused);
    vi.advanceTimersByTime(30_000);
    expect(() => works(key)).toThrow('destroyed');
    failWith = undefined;
    now += 2_000;
    expect(await cache.get('k', load)).not.toBe(key);
  });

  it('does not ask again for two seconds for what KMS has refused', async () => {
    failWith = refused;
    for (let i = 0; i < 3; i++) await expect(cache.get('k', load)).rejects.toBe(refused);
    expect(loads).toBe(1);
  });

  it('holds a request up for half a second at most while KMS does not answer, and the next one not at all', async () => {
    const key = await cache.get('k', load);
    now = 5 * MINUTE;
    const never = () => new Promise<DataKey>(() => {});
    const held = cache.get('k', never);
    expect(await cache.get('k', never)).toBe(key);
    vi.advanceTimersByTime(500);
    expect(await held).toBe(key);
  });

  it('forgets the keys of one merchant, and zeroes them after the requests that hold them', async () => {
    const [a, b] = [await cache.get('acme/record/1', load), await cache.get('acme-2/record/1', load)];
    cache.forget('acme/');
    expect([works(a), await cache.get('acme-2/record/1', load), loads]).toEqual([true, b, 2]);
    vi.advanceTimersByTime(30_000);
    expect(() => works(a)).toThrow('destroyed');
    expect(await cache.get('acme/record/1', load)).not.toBe(a);
  });

  it('keeps no more keys than it may, and zeroes the one that was loaded first after the requests that hold it', async () => {
    const first = await cache.get('a', load);
    await cache.get('b', load);
    await cache.get('c', load);
    expect(works(first)).toBe(true);
    vi.advanceTimersByTime(30_000);
    expect(() => works(first)).toThrow('destroyed');
  });
});
