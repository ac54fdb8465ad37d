import type { Agreement, Credential, Customer } from '@cofferdam/contracts';
import type { StoredAgreement } from '../storage/agreements.ts';
import type { StoredCredential } from '../storage/credentials.ts';
import type { StoredCustomer } from '../storage/customers.ts';
import { toAnswer } from '../token-answer.ts';

export function toCustomer(stored: StoredCustomer): Customer {
  const { customer, reference, version, default: choice, isDefaultLive } = stored;
  const { token, reason, from, at } = choice;
  return {
    customer,
    ...(reference === null ? {} : { reference }),
    ...(token === null || !isDefaultLive ? {} : { defaultCredential: token }),
    ...(reason === null || at === null
      ? {}
      : { defaultChange: { reason, ...(from === null ? {} : { from }), at: at.toISOString() } }),
    version,
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
  };
}

export function toCredential(stored: StoredCredential): Credential {
  const { customer, isDefault, addedAt } = stored;
  return { ...toAnswer(stored), customer, isDefault, addedAt: addedAt.toISOString() };
}

export function toAgreement(stored: StoredAgreement): Agreement {
  const { agreement, customer, token, type, initiator, endedAt, version } = stored;
  return {
    ...{ agreement, customer, token, type, initiator },
    ...present('amount', stored.amount),
    ...present('currency', stored.currency),
    ...present('instalmentCount', stored.instalmentCount),
    ...present('networkTransactionId', stored.networkTransactionId),
    ...present('network', stored.network),
    state: endedAt === null ? 'active' : 'ended',
    ...present('endedAt', endedAt?.toISOString() ?? null),
    ...present('endReason', stored.endReason),
    version,
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
  };
}

/** What is null in the database is absent in an answer. */
function present<K extends string, V>(name: K, value: V | null): { [name in K]?: V } {
  return (value === null ? {} : { [name]: value }) as { [name in K]?: V };
}
