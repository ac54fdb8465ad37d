import { expect, test } from 'vitest';
import { createIntern } from '../../src/engine/index.ts';
import { ofDeployment, ofOwn } from '../../src/reconcile/kept-content.ts';
import { paymentVault } from '../fixtures.ts';

const said = (type: string, lastTransitionTime: string) => ({
  type,
  status: 'True',
  reason: 'Succeeded',
  message: 'all is well',
  lastTransitionTime,
});

test('all of a resource of ours is kept, and what two have alike is held once', () => {
  const intern = createIntern();
  const given = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].map((time) => ({
    ...paymentVault(),
    status: { observedGeneration: 3, effective: { images: ['a'] }, conditions: [said('Ready', time)] },
  }));
  const [one, other] = given.map((vault) => ofOwn(structuredClone(vault), intern));
  expect([one, other]).toEqual(given);
  const { spec, status } = one as (typeof given)[number];
  const { spec: itsSpec, status: itsStatus } = other as (typeof given)[number];
  expect(itsSpec.database).toBe(spec.database);
  expect(itsStatus.effective).toBe(status.effective);
  expect(itsStatus.conditions[0]?.lastTransitionTime).not.toBe(status.conditions[0]?.lastTransitionTime);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'x'],
  ['a list', [{ conditions: 1 }]],
  ['conditions that are none', { conditions: 'x', more: [1] }],
  ['conditions of anything', { conditions: [null, 1, { type: null }] }],
])('what no schema has seen is kept as it is: %s', (_, value) => {
  const intern = createIntern();
  const object = { ...paymentVault(), spec: value, status: value };
  expect(ofOwn(structuredClone(object), intern)).toEqual(object);
  expect(ofDeployment({ ...paymentVault(), spec: {}, status: {} }, intern)).toMatchObject({ status: {} });
});
