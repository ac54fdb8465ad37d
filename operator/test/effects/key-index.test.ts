import { expect, test } from 'vitest';
import { createKeyIndex } from '../../src/effects/key-index.ts';
import { CREATED_BY, CREATED_TAG, type KmsSender, VAULT_ID_TAG } from '../../src/effects/kms-keys.ts';

const OURS = (vaultId: string) => ({ [VAULT_ID_TAG]: vaultId, [CREATED_TAG]: CREATED_BY });

/** An account with these keys, and what it was asked. */
function account(keys: Record<string, Record<string, string> | Error>) {
  const asked: string[] = [];
  let nowMs = 0;
  const send = async (command: { input: { KeyId?: string } }) => {
    if (command.constructor.name === 'ListKeysCommand') {
      asked.push('list');
      return { Keys: Object.keys(keys).map((KeyArn) => ({ KeyArn })) };
    }
    const { KeyId = '' } = command.input;
    asked.push(KeyId);
    const tags = keys[KeyId] ?? {};
    if (tags instanceof Error) throw tags;
    return { Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) };
  };
  return {
    index: createKeyIndex(() => nowMs)({ send } as unknown as KmsSender),
    async askedBy<T>(work: () => Promise<T>): Promise<[T, string[]]> {
      asked.length = 0;
      const answer = await work();
      return [answer, [...asked]];
    },
    later: (ms: number) => {
      nowMs += ms;
    },
  };
}
const named = (name: string) => Object.assign(new Error(name), { name });

test('the tags of a key are read once, and not at all where it is known whose it is', async () => {
  const keys: Record<string, Record<string, string>> = { known: OURS('a'), stray: OURS('b'), foreign: {} };
  const { index, askedBy, later } = account(keys);
  index.note('a', 'known');
  const ask = (vaultId: string) => askedBy(() => index.of(vaultId));
  expect(await ask('b')).toEqual([['stray'], ['list', 'stray', 'foreign']]);
  expect(await ask('a')).toEqual([['known'], []]);
  expect(await ask('new')).toEqual([[], []]);

  // What others make meanwhile, after a while; what may be our own, at once.
  keys['late'] = OURS('c');
  expect(await ask('c')).toEqual([[], []]);
  later(600_001);
  expect(await ask('c')).toEqual([['late'], ['list', 'late']]);
  keys['unheard'] = OURS('c');
  index.spoil();
  expect(await ask('c')).toEqual([
    ['late', 'unheard'],
    ['list', 'unheard'],
  ]);
});

test('once it has been prepared nothing is waited for', async () => {
  const { index, askedBy } = account({ one: {}, two: OURS('two') });
  expect((await askedBy(() => index.prepare()))[1]).toEqual(['list', 'one', 'two']);
  expect(await askedBy(() => index.of('two'))).toEqual([['two'], []]);
});

test('a look that was cut short goes on where it was', async () => {
  const keys: Record<string, Record<string, string> | Error> = {
    one: OURS('one'),
    two: named('ThrottlingException'),
    three: {},
  };
  const { index, askedBy } = account(keys);
  await expect(index.of('one')).rejects.toThrow('ThrottlingException');
  keys['two'] = OURS('two');
  expect(await askedBy(() => index.of('two'))).toEqual([['two'], ['list', 'two', 'three']]);
});

test('a key that may not be looked at is nobody’s, until somebody has seen its tags', async () => {
  const { index, askedBy } = account({ closed: named('AccessDeniedException') });
  expect(await askedBy(() => index.of('a'))).toEqual([[], ['list', 'closed']]);
  index.saw('closed', new Map(Object.entries(OURS('a'))));
  expect(await askedBy(() => index.of('a'))).toEqual([['closed'], []]);
});

test('an endpoint that makes up new keys with every list takes no more and more memory', async () => {
  let made = 0;
  const send = async (command: object) =>
    command.constructor.name === 'ListKeysCommand'
      ? { Keys: Array.from({ length: 1000 }, () => ({ KeyArn: `arn:${made++}` })) }
      : { Tags: [] };
  let sizeLimit = 0;
  const index = createKeyIndex(() => 0, 2_500)({ send } as unknown as KmsSender);
  for (let i = 0; i < 10; i++) {
    index.spoil();
    await index.of('a');
    sizeLimit = Math.max(sizeLimit, index.size);
  }
  expect(made).toBe(10_000);
  expect(sizeLimit).toBe(3_000);
});
