import { isKubeError, type KubeObject, keyOf, RESOURCES } from '../engine/index.ts';
import type { ObservedEvent, ObservedPod } from '../status/observed-types.ts';
import { type PodTrouble, podTrouble } from '../status/pod-trouble.ts';
import type { Context } from './context.ts';

/** Gathers what is known of the pods with these labels; asks for events only when one does not start. */
export async function podTroubleOf(
  context: Pick<Context, 'client' | 'caches'>,
  namespace: string,
  labels: Record<string, string>,
  secretKeys?: string,
): Promise<PodTrouble | undefined> {
  const pods = podsOf(context, namespace, labels);
  const events = pods.some(waitsToStart) ? await eventsOf(context, namespace) : [];
  return podTrouble(pods, events, { namespace, ...(secretKeys === undefined ? {} : { secretKeys }) });
}

/** The pods with these labels, among which must be the instance's. */
export function podsOf(
  { caches }: Pick<Context, 'caches'>,
  namespace: string,
  labels: Record<string, string>,
): ObservedPod[] {
  return caches.pods.store
    .byIndex(keyOf({ namespace, name: labels['app.kubernetes.io/instance'] ?? '' }))
    .filter((pod) => hasLabels(pod, labels));
}

function hasLabels(object: KubeObject, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value);
}

function waitsToStart(pod: ObservedPod): boolean {
  return pod.status?.phase === 'Pending';
}

async function eventsOf(context: Pick<Context, 'client'>, namespace: string): Promise<ObservedEvent[]> {
  try {
    const list = await context.client.list<ObservedEvent>(RESOURCES.events, {
      namespace,
      fieldSelector: 'reason=FailedMount',
    });
    return list.items;
  } catch (error) {
    // Without the right to list events the cause stays unknown, and everything else works.
    if (isKubeError(error, 'forbidden')) return [];
    throw error;
  }
}
