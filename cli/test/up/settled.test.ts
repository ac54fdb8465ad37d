import { describe, expect, it } from 'vitest';
import { settled } from '../../src/up/settled.ts';

const condition = (type: string, status: string, reason = 'Some', message = 'said') => ({
  type,
  status,
  reason,
  message,
});
const object = (kind: string, conditions: ReturnType<typeof condition>[], observed = 2) => ({
  apiVersion: 'payments.cofferdam.dev/v1alpha1',
  kind,
  metadata: { name: 'one', namespace: 'payments', generation: 2 },
  status: { observedGeneration: observed, conditions },
});

describe('settled()', () => {
  it('takes a status of an older generation for none', () => {
    expect(settled(object('PaymentVault', [condition('Ready', 'True')], 1)).state).toBe('waiting');
  });

  it('takes a vault that serves without its topics, and says what it lacks', () => {
    const found = settled(
      object('PaymentVault', [
        condition('Ready', 'False'),
        condition('Available', 'True'),
        condition('TopicsReady', 'False', 'BrokerUnreachable', 'b-1 does not answer'),
      ]),
    );
    expect(found).toEqual({
      name: 'PaymentVault one',
      state: 'ready',
      detail: 'Available, but TopicsReady: BrokerUnreachable: b-1 does not answer',
      lacks: ['TopicsReady: BrokerUnreachable: b-1 does not answer'],
    });
  });

  it('takes a connector that cannot go on, and waits for a vault that says so', () => {
    const conditions = [condition('Ready', 'False'), condition('Stalled', 'True', 'HostPolicyUnsupported')];
    expect(settled(object('PSPConnector', conditions)).state).toBe('ready');
    expect(settled(object('PaymentVault', conditions)).state).toBe('working');
  });

  it('waits for a connector until its vault knows it', () => {
    const conditions = [condition('Available', 'True'), condition('VaultBound', 'False')];
    expect(settled(object('PSPConnector', conditions)).state).toBe('working');
  });
});
