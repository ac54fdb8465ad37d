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
  const stalled = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
  if (stalled !== undefined && object.kind !== 'PaymentVault') {
    const detail = `Stalled: ${stalled.reason}: ${stalled.message}`;
    return { name, state: 'ready', detail, lacks: [detail] };
  }
  const lacks = conditions
    .filter(({ type, status }) => status !== 'True' && type !== 'Ready')
    .map(({ type, reason, message }) => `${type}: ${reason}: ${message}`);
  const [first = ''] = lacks;
  const serves = is('Available') && (object.kind === 'PaymentVault' || is('VaultBound'));
  if (serves) return { name, state: 'ready', detail: `Available, but ${first}`, lacks };
  return { name, state: 'working', detail: first, lacks };
}
