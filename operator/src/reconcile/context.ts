import type { Facts } from '../desired/facts.ts';
import type { KeyReference } from '../desired/key.ts';
import type { ManagedTopicsPlan, TopicsOutcome } from '../desired/topics.ts';
import type { RememberedKeys } from '../effects/remembered-keys.ts';
import type { StatuszReader } from '../effects/statusz.ts';
import type { ApplySet, Clock, EventRecorder, KubeClient, KubeObject } from '../engine/index.ts';
import type { Caches } from './caches.ts';

/** What a reconcile works with. Everything that touches the world is here, as a parameter. */
export type Context = {
  client: KubeClient;
  caches: Caches;
  applySet: ApplySet;
  /** Whether the caches have seen our last writes to this resource and to its children. */
  caughtUp(kind: string, resource: KubeObject): boolean;
  facts: () => Facts;
  /** Both through a memory, so that an event of a pod costs no call to KMS or Kafka. */
  key: RememberedKeys;
  topics: { ask(key: string, plan: ManagedTopicsPlan): Promise<TopicsOutcome>; forget(key: string): void };
  /** As KeyManagement's, while we lead. */
  releaseKey(key: KeyReference, policy: 'Retain' | 'Delete'): Promise<void>;
  retireKey(place: KeyReference, keyArn: string): Promise<void>;
  statusz: StatuszReader;
  events: EventRecorder;
  clock: Clock;
  log: Log;
  resync: ResyncTimes;
  /** When KMS first gave no answer to what a deletion asked, by the vault's key and UID; `ms` is monotonic. */
  unanswered: Map<string, { time: number; ms: number }>;
  /** For how long a KMS that does not answer may hold up a deletion, by deletionPolicy, milliseconds. */
  patience: { Retain: number; Delete: number };
};

/** After how long a resource is looked at again without an event, milliseconds. */
export type ResyncTimes = {
  readyMs: number;
  notReadyMs: number;
  /** While pods serve and have not reported yet: no event tells when they do. */
  unreportedMs: number;
};

export type Log = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** RFC 3339 without fractions, as Kubernetes writes condition times. */
export function stamp(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
