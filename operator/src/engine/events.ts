import { createHash } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isKubeError } from './kube-error.ts';
import { kubeTime } from './micro-time.ts';
import type { KubeObject } from './resource.ts';
import { RESOURCES } from './well-known.ts';

export type EventRecorder = {
  /** Best effort: it neither throws nor waits. */
  record(about: KubeObject, event: { type: 'Normal' | 'Warning'; reason: string; message: string }): void;
};

/** The same event again within this time is not sent at all: events are for people, not a log. */
const QUIET_MS = 10 * 60_000;
const REMEMBERED = 4096;

/**
 * Writes core/v1 Events, which `kubectl describe` shows on every version. A repeated one raises the count of the
 * first; its name is made of what it says, so that a restarted process finds it again.
 */
export function createEventRecorder(options: {
  client: KubeClient;
  component: string;
  instance: string;
  clock?: Clock;
  onError?: (error: unknown) => void;
}): EventRecorder {
  const { client, component, instance, clock = systemClock, onError = () => {} } = options;
  const sentAt = new Map<string, number>();

  async function send(
    name: string,
    about: KubeObject,
    event: { type: string; reason: string; message: string },
  ) {
    const namespace = about.metadata.namespace ?? 'default';
    const now = kubeTime(clock.now());
    const fresh = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
        ...(about.metadata.uid === undefined ? {} : { uid: about.metadata.uid }),
      },
      type: event.type,
      reason: event.reason,
      message: event.message.slice(0, 1024),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    try {
      await client.create(RESOURCES.events, fresh as KubeObject);
    } catch (error) {
      if (!isKubeError(error, 'already_exists')) throw error;
      const before = await client.get<KubeObject & { count?: number }>(RESOURCES.events, { namespace, name });
      const body = { count: (before.count ?? 1) + 1, lastTimestamp: now };
      await client.patch(RESOURCES.events, { namespace, name }, { type: 'merge', body });
    }
  }

  return {
    record(about, event) {
      const said = [about.metadata.uid, event.type, event.reason, event.message].join('\n');
      const digest = createHash('sha256').update(said).digest('hex').slice(0, 16);
      const name = `${about.metadata.name.slice(0, 230)}.${digest}`;
      const last = sentAt.get(name);
      if (last !== undefined && clock.monotonicMs() - last < QUIET_MS) return;
      sentAt.delete(name);
      sentAt.set(name, clock.monotonicMs());
      const oldest = sentAt.keys().next();
      if (sentAt.size > REMEMBERED && !oldest.done) sentAt.delete(oldest.value);
      send(name, about, event).catch(onError);
    },
  };
}
