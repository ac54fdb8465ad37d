import { expect, test } from 'vitest';
import { conditionMetrics } from '../src/condition-metrics.ts';

const resource = (name: string, conditions: [type: string, status: string, reason: string][]) => ({
  apiVersion: 'payments.cofferdam.dev/v1alpha1',
  kind: 'PaymentVault',
  metadata: { name, namespace: 'payments' },
  status: { conditions: conditions.map(([type, status, reason]) => ({ type, status, reason, message: '' })) },
});
const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('Ready is always a series, and of the others what is not as wanted', () => {
  const fine = resource('fine', [
    ['Ready', 'True', 'Succeeded'],
    ['KeyBound', 'True', 'Succeeded'],
  ]);
  const bad = resource('bad', [
    ['Ready', 'False', 'KeyDisabled'],
    ['Stalled', 'True', 'KeyDisabled'],
    ['KeyBound', 'False', 'KeyDisabled'],
    ['Available', 'True', 'Succeeded'],
  ]);
  const about = (name: string) => `kind="PaymentVault",namespace="payments",name="${name}"`;
  expect(lines(conditionMetrics([fine, bad, resource('new', [])]))).toEqual([
    `cofferdam_condition{${about('fine')},condition="Ready",status="True",reason="Succeeded"} 1`,
    `cofferdam_condition{${about('bad')},condition="Ready",status="False",reason="KeyDisabled"} 1`,
    `cofferdam_condition{${about('bad')},condition="Stalled",status="True",reason="KeyDisabled"} 1`,
    `cofferdam_condition{${about('bad')},condition="KeyBound",status="False",reason="KeyDisabled"} 1`,
  ]);
});
