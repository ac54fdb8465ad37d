import { expect, test } from 'vitest';
import { RESOURCES } from '../../src/engine/index.ts';
import { mayReplace } from '../../src/reconcile/may-replace.ts';

test('nothing that serves or that keeps others out is deleted to be made again', () => {
  const kinds = Object.values(RESOURCES).filter(mayReplace);
  expect(kinds.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Job', 'PodDisruptionBudget']);
});
