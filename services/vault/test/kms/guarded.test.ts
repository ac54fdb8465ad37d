import { createMetrics } from '@cofferdam/runtime';
import { beforeEach, expect, it } from 'vitest';
import { guardKeyManagement } from '../../src/kms/guarded.ts';
import { type KeyManagement, KeyManagementError } from '../../src/kms/key-management.ts';

const context = { vaultId: 'acme-dev', merchant: 'acme', purpose: 'record' };
const metrics = createMetrics();
let nowMs = 0;
let asked = 0;
let failWith: KeyManagementError | undefined;

const inner: KeyManagement = {
  generateDataKey: async () => ({ plaintext: Buffer.alloc(32), wrapped: Buffer.alloc(1) }),
  unwrap: async () => {
    asked++;
    if (failWith) throw failWith;
    return Buffer.alloc(32);
  },
  rewrap: async () => Buffer.alloc(1),
};
const guarded = () =>
  guardKeyManagement(inner, {
    metrics,
    nowMs: () => nowMs,
    rate: { perSecond: 1, burst: 4 },
    rules: { failures: 2, openMs: 1000, maxOpenMs: 8000 },
  });
const unwrap = (kms: KeyManagement) => kms.unwrap('arn:aws:kms:x', Buffer.alloc(1), context);

beforeEach(() => {
  [nowMs, asked, failWith] = [0, 0, undefined];
});

it('leaves a KMS alone that does not answer, but for one probe, whose answer brings all back', async () => {
  const kms = guarded();
  failWith = new KeyManagementError('unreachable', 'away');
  for (let i = 0; i < 5; i++) await expect(unwrap(kms)).rejects.toMatchObject({ failure: 'unreachable' });
  expect([asked, kms.circuit]).toEqual([2, 'open']);
  nowMs = 1000;
  failWith = undefined;
  const probes = await Promise.allSettled([unwrap(kms), unwrap(kms)]);
  expect(probes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  await unwrap(kms);
  expect([asked, kms.circuit]).toEqual([4, 'closed']);
  expect(await metrics.text()).toMatch(
    /cofferdam_kms_calls_kept_back_total\{operation="Decrypt",reason="circuit_open"\} 4/,
  );
});

it('takes a refusal for an answer', async () => {
  const kms = guarded();
  failWith = new KeyManagementError('refused', 'no');
  for (let i = 0; i < 3; i++) await expect(unwrap(kms)).rejects.toMatchObject({ failure: 'refused' });
  expect([asked, kms.circuit]).toEqual([3, 'closed']);
});

it('spends no more than its budget, of which what can wait leaves half', async () => {
  const kms = guarded();
  const spent = async (by: KeyManagement) => {
    for (let calls = 0; ; calls++)
      if (
        await unwrap(by).then(
          () => false,
          () => true,
        )
      )
        return calls;
  };
  expect(await spent(kms.background)).toBe(2 + 1); // the last one waits for a second
  await expect(unwrap(kms.background)).rejects.toMatchObject({ failure: 'unreachable', retryAfterMs: 1000 });
  await unwrap(kms);
  nowMs = 60_000;
  expect(await spent(kms.background)).toBe(3);
});
