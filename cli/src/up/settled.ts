import type { Observed, Readiness } from '../demo/readiness.ts';

export interface Settled extends Readiness {
  /** What is not as asked, though it serves; empty when all is. */
  lacks: string[];
}

/**
 * What a custom resource has come to. It is `ready` as well when it serves without all that it asks for, and a
 * connector when it says that it cannot go on: a broker in another network and a PSP at a real address are not to be
 * had here.
 */
export function settled(object: Observed): Settled {
  const name = `${object.kind} ${object.metadata.name}`;
  const conditions = object.status?.conditions ?? [];
  const is = (type: string) => conditions.find((condition) => condition.type === type)?.status === 'True';
  if (object.status?.observedGeneration !== object.metadata.generation || conditions.length === 0)
    return { name, state: 'waiting', detail: 'not yet seen by the operator', lacks: [] };
  if (is('Ready')) return { name, state: 'ready', detail: 'Ready', lacks: [] };
  const lacks = conditions
    .filter(({ type, status }) => status !== 'True' && type !== 'Ready')
    .map(({ type, reason, message }) => `${type}: ${reason}: ${message}`);
  const [first = ''] = lacks;
  const bound = object.kind === 'PaymentVault' || is('VaultBound');
  if (bound && is('Available')) return { name, state: 'ready', detail: `Available, but ${first}`, lacks };
  if (bound && is('Stalled') && object.kind !== 'PaymentVault')
    return { name, state: 'ready', detail: `Stalled: ${first}`, lacks };
  return { name, state: 'working', detail: first, lacks };
}
