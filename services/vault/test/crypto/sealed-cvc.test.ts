import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CvcKeys } from '../../src/crypto/cvc-keys.ts';
import { DataKey } from '../../src/crypto/data-key.ts';
import { openCvc, sealCvc } from '../../src/crypto/sealed-cvc.ts';
import { type KeyContext, KeyManagementError } from '../../src/kms/key-management.ts';

const START = Date.parse('2026-11-23T03:00:00Z');
const MINUTE = 60_000;
const PLACE = { vaultId: 'acme-dev', merchant: 'acme', token: 'tok_0123456789abcdefghjkmnpqrs' };

/** Stands in for KMS: what it wraps opens with the same context alone. */
function fakeKms() {
  const wrapped = new Map<string, { bytes: Buffer; context: string }>();
  const kms = {
    calls: { generate: 0, unwrap: 0 },
    failure: undefined as 'refused' | 'unreachable' | undefined,
    generateDataKey: async (_arn: string, context: KeyContext) => {
      kms.calls.generate++;
      if (kms.failure) throw new KeyManagementError(kms.failure, 'KMS GenerateDataKey', undefined);
      const [bytes, name] = [randomBytes(32), randomBytes(100)];
      wrapped.set(name.toString('hex'), { bytes: Buffer.from(bytes), context: JSON.stringify(context) });
      return { plaintext: bytes, wrapped: name };
    },
    unwrap: async (_arn: string, name: Uint8Array, context: KeyContext) => {
      kms.calls.unwrap++;
      const found = wrapped.get(Buffer.from(name).toString('hex'));
      if (kms.failure || found?.context !== JSON.stringify(context)) {
        throw new KeyManagementError(kms.failure ?? 'refused', 'KMS Decrypt', undefined);
      }
      return Buffer.from(found.bytes);
    },
  };
  return kms;
}

function world() {
  const clock = { now: START };
  const kms = fakeKms();
  const macKeys = new Map([7, 8].map((version) => [version, new DataKey(version, randomBytes(32))]));
  const replica = (keyArn = 'arn:aws:kms:eu:1:key/a') =>
    new CvcKeys({ ...{ vaultId: 'acme-dev', keyArn, kms }, ttlMs: 15 * MINUTE, now: () => clock.now });
  const seal = (keys: CvcKeys, cvc = '123', place = PLACE) => {
    const macKey = macKeys.get(7);
    if (!macKey) throw new Error('no key');
    return sealCvc(keys, macKey, place, { cvc, now: new Date(clock.now) });
  };
  const open = (keys: CvcKeys, value: string, place = PLACE) =>
    openCvc(keys, (version) => macKeys.get(version), place, { value, now: new Date(clock.now) });
  return { clock, kms, replica, seal, open };
}

describe('a sealed CVC', () => {
  it('opens for its vault, merchant and token, in any process of the vault', async () => {
    const { kms, replica, seal, open } = world();
    const [one, other] = [replica(), replica()];
    for (const cvc of ['123', '0007']) {
      const { value, expiresAt } = await seal(one, cvc);
      expect(expiresAt.getTime()).toBe(START + 15 * MINUTE);
      expect(value).toMatch(/^cvc_[A-Za-z0-9_-]{200,600}$/);
      expect(await open(one, value)).toMatchObject({ cvc, id: expect.any(Buffer) });
      expect(await open(other, value)).toMatchObject({ cvc });
    }
    expect(kms.calls).toEqual({ generate: 1, unwrap: 1 });
  });

  it('does not open elsewhere, or later, or under another KMS key, and asks KMS nothing about that', async () => {
    const { clock, kms, replica, seal, open } = world();
    const [one, other] = [replica(), replica()];
    const { value } = await seal(one);
    for (const change of [{ vaultId: 'b' }, { merchant: 'globex' }, { token: 'tok_x' }]) {
      expect(await open(other, value, { ...PLACE, ...change })).toBe('cvc_not_ours');
    }
    expect(await open(replica('arn:aws:kms:eu:1:key/b'), value)).toBe('cvc_other_key');
    clock.now += 15 * MINUTE;
    expect(await open(other, value)).toBe('cvc_expired');
    expect(kms.calls.unwrap).toBe(0);
  });

  it('does not open with any bit changed, nor what is none, and asks KMS nothing about that', async () => {
    const { kms, replica, seal, open } = world();
    const [one, other] = [replica(), replica()];
    const bytes = Buffer.from((await seal(one)).value.slice(4), 'base64url');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(typeof (await open(other, `cvc_${changed.toString('base64url')}`))).toBe('string');
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 600 }), async (text) => {
        expect(await open(other, text)).toBe('cvc_malformed');
      }),
    );
    expect(kms.calls.unwrap).toBe(0);
  });
});

describe('the keys of CVCs', () => {
  it('are made once an hour, however many ask at once', async () => {
    const { clock, kms, replica, seal } = world();
    const one = replica();
    await Promise.all(Array.from({ length: 20 }, () => seal(one)));
    clock.now += 59 * MINUTE;
    await seal(one);
    expect(kms.calls.generate).toBe(1);
    clock.now += MINUTE;
    await Promise.all(Array.from({ length: 20 }, () => seal(one)));
    expect(kms.calls.generate).toBe(2);
  });

  it('go on for half an hour while KMS is away, and not at all when it says no', async () => {
    const { clock, kms, replica, seal, open } = world();
    const one = replica();
    const { value } = await seal(one);
    kms.failure = 'unreachable';
    clock.now += 75 * MINUTE;
    const late = await seal(one);
    expect(await open(one, late.value)).toMatchObject({ cvc: '123' });
    clock.now += 15 * MINUTE;
    await expect(seal(one)).rejects.toMatchObject({ code: 'key_unavailable' });
    kms.failure = 'refused';
    await expect(seal(replica())).rejects.toMatchObject({ code: 'key_unavailable' });
    expect(await open(one, value)).toBe('cvc_expired');
  });

  it('are forgotten with the last CVC that they can open', async () => {
    const { clock, kms, replica, seal, open } = world();
    const [one, other] = [replica(), replica()];
    const { value } = await seal(one);
    expect(await open(other, value)).toMatchObject({ cvc: '123' });
    clock.now += 105 * MINUTE;
    other.sweep();
    // Were the clock turned back, KMS would have to be asked again: the key is in no memory.
    clock.now = START;
    await open(other, value);
    expect(kms.calls.unwrap).toBe(2);
  });
});
