import { expect, it } from 'vitest';
import { type Undo, undoAll } from '../../src/supervisor/undo.ts';

it('undoAll() undoes every step, the last one first, also after one that failed', async () => {
  const undone: number[] = [];
  const step =
    (number: number): Undo =>
    () =>
      void undone.push(number);
  const steps = [step(1), () => Promise.reject(new Error('stuck')), step(3)];
  await expect(undoAll(steps)).rejects.toThrow('stuck');
  expect(undone).toEqual([3, 1]);
  expect(steps).toEqual([]);
});
