import { beforeEach, describe, expect, it } from 'vitest';
import { type KeySource, parseKeySet, remoteKeys } from '../../src/authentication/key-set.ts';

const setOf = (kid: string) => JSON.stringify({ keys: [{ kty: 'RSA', kid, n: 'AQAB', e: 'AQAB' }] });

describe('the keys of a remote issuer', () => {
  const [old, rotated] = [setOf('old'), setOf('rotated')];
  let now: number;
  let published: string | undefined;
  let fetches: number;
  let keys: KeySource;

  beforeEach(() => {
    [now, published, fetches] = [0, old, 0];
    keys = remoteKeys('https://login.partner.example/keys', {
      fetchText: async () => {
        fetches++;
        if (published === undefined) throw new Error('away');
        return published;
      },
      now: () => now,
    });
  });
  const current = async () => (await keys.current())?.fingerprint;
  const fingerprint = (text: string) => parseKeySet(text).fingerprint;

  it('are fetched once for half a minute, then again while requests go on with what is known', async () => {
    await current();
    now = 29_000;
    expect([await current(), fetches]).toEqual([fingerprint(old), 1]);
    [now, published] = [30_000, rotated];
    expect([await current(), fetches]).toEqual([fingerprint(old), 2]);
    expect([await current(), fetches]).toEqual([fingerprint(rotated), 2]);
  });

  it('are looked at again before a request is believed that comes after a quiet time', async () => {
    await current();
    [now, published] = [60_000, rotated];
    expect(await Promise.all([current(), current()])).toEqual([fingerprint(rotated), fingerprint(rotated)]);
    expect(fetches).toBe(2);
  });

  it('serve for ten minutes while the issuer is away, and no longer', async () => {
    await current();
    published = undefined;
    for (now = 60_000; now < 600_000; now += 5000) expect(await current()).toBe(fingerprint(old));
    expect(await current()).toBeUndefined();
    expect(fetches).toBeLessThan(60);
    now += 10_000;
    published = rotated;
    expect(await current()).toBe(fingerprint(rotated));
  });
});
