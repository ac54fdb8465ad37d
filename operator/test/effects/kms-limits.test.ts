import { KMSClient } from '@aws-sdk/client-kms';
import { afterEach, expect, test, vi } from 'vitest';
import { createKeyIndex } from '../../src/effects/key-index.ts';
import { awsKeyManagement, type KmsSender } from '../../src/effects/kms-aws.ts';
import { planOf } from './kms-world.ts';

afterEach(() => vi.useRealTimers());

/** An endpoint of somebody's own: it answers everything at once, and nothing ever ends. */
const endless = {
  send: async (command: { input: { KeyId?: string } }) => {
    // As a network would: other work has its turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
    return command.constructor.name === 'DescribeKeyCommand'
      ? { KeyMetadata: { Arn: command.input.KeyId, KeyState: 'Enabled' } }
      : { Tags: [], Grants: [], Keys: [], Truncated: true, NextMarker: 'next' };
  },
} as unknown as KmsSender;

test('credentials that are never found, and lists that never end, keep no worker', async () => {
  const limits = { callMs: 50, workMs: 200 };
  const credentials = () => new Promise<never>(() => {});
  const silent = new KMSClient({ region: 'eu-central-1', endpoint: 'http://127.0.0.1:9', credentials });
  for (const client of [silent, endless]) {
    const keys = awsKeyManagement(() => client, undefined, limits);
    for (const key of [planOf('slow').key, { supplied: 'alias/theirs' }]) {
      expect(await keys.ensure(planOf('slow', { key }))).toMatchObject({
        problem: { reason: 'KmsUnreachable' },
      });
    }
    await expect(keys.release(planOf('slow'), 'Delete')).rejects.toThrow();
  }
  silent.destroy();
});

test('a look through a large account is waited for once, however many want to know', async () => {
  vi.useFakeTimers();
  const look = createKeyIndex();
  const of = (vaultId: string) =>
    look({ send: () => new Promise(() => {}) } as unknown as KmsSender)
      .of(vaultId)
      .then(
        () => 'found',
        (error: Error) => error.name,
      );
  const first = of('a');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await first).toBe('OverBudgetError');
  const second = of('b');
  await vi.advanceTimersByTimeAsync(1);
  expect(await Promise.race([second, 'waits'])).toBe('OverBudgetError');
});

test('what lists more keys than AWS allows is not believed', async () => {
  const keys = Array.from({ length: 1000 }, () => ({}));
  const send = async () => ({ Keys: keys, Truncated: true, NextMarker: 'next' });
  const index = createKeyIndex()({ send } as unknown as KmsSender);
  await expect(index.of('a')).rejects.toThrow('more than');
});
