import { describe, expect, it } from 'vitest';
import { customReadiness } from '../../src/demo/readiness.ts';

const vault = (
  conditions: { type: string; status: string; reason?: string; message?: string }[],
  observed = 2,
) => ({
  apiVersion: 'payments.cofferdam.dev/v1alpha1',
  kind: 'PaymentVault',
  metadata: { name: 'payments', namespace: 'payments-dev', generation: 2 },
  status: { observedGeneration: observed, conditions },
});

describe('customReadiness()', () => {
  it('takes a status of an older generation for none', () => {
    expect(customReadiness(vault([{ type: 'Ready', status: 'True' }], 1), true).state).toBe('waiting');
  });

  it('shows reason and message of what is not ready', () => {
    const object = vault([
      { type: 'Ready', status: 'False', reason: 'SecretMissing', message: 'create vault-database' },
    ]);
    expect(customReadiness(object, true)).toEqual({
      name: 'PaymentVault payments',
      state: 'working',
      detail: 'SecretMissing: create vault-database',
    });
  });

  it('counts a vault without topics as ready only where there is no broker', () => {
    const object = vault([
      { type: 'Ready', status: 'False', reason: 'BrokerUnreachable' },
      { type: 'Available', status: 'True' },
      { type: 'TopicsReady', status: 'False' },
    ]);
    expect(customReadiness(object, false).state).toBe('ready');
    expect(customReadiness(object, true).state).toBe('working');
  });
});
