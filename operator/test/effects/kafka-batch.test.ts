import { expect, test } from 'vitest';
import { batched } from '../../src/effects/kafka-batch.ts';

test('questions that belong together are answered in one go, and rounds do not overlap', async () => {
  const rounds: string[][] = [];
  let running = 0;
  const ask = batched<string, string>({
    gatherMs: 5,
    together: (a, b) => a[0] === b[0],
    run: async (questions) => {
      rounds.push([...questions]);
      expect(++running).toBeLessThanOrEqual(2); // one for each letter
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return questions.map((question) =>
        question.endsWith('!') ? { failed: new Error(question) } : { ok: question.toUpperCase() },
      );
    },
  });
  const first = Promise.allSettled([ask('a1'), ask('b1'), ask('a2!'), ask('a3')]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const late = ask('a4'); // the round with the others is under way
  expect((await first).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    ...['A1', 'B1', 'Error: a2!', 'A3'],
  ]);
  expect(await late).toBe('A4');
  expect(rounds).toEqual([['a1', 'a2!', 'a3'], ['b1'], ['a4']]);
});

test('a round that fails as a whole fails each of its questions, and the next is asked again', async () => {
  let fails = true;
  const ask = batched<string, string>({
    gatherMs: 0,
    together: () => true,
    run: async (questions) => {
      if (fails) throw new Error('down');
      return questions.map((question) => ({ ok: question }));
    },
  });
  await expect(ask('a')).rejects.toThrow('down');
  fails = false;
  expect(await ask('a')).toBe('a');
});
