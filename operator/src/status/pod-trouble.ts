import type { Reason } from '@cofferdam/crds';
import type { ObservedEvent, ObservedPod } from './observed-types.ts';

/** Why a pod does not start or stay up, with the next step. */
export type PodTrouble = { reason: Reason; message: string; missingSecret?: string };

const IMAGE_REASONS = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];
const CONFIG_REASONS = ['CreateContainerConfigError', 'CreateContainerError'];

/**
 * The first trouble among the pods. The operator may read no Secret, so a missing one is learnt from where the
 * kubelet says so: the waiting container, or the event about a volume that could not be mounted.
 */
export function podTrouble(
  pods: readonly ObservedPod[],
  events: readonly ObservedEvent[],
  context: { namespace: string; secretKeys?: string },
): PodTrouble | undefined {
  for (const pod of pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const trouble = containerTrouble(pod, context) ?? mountTrouble(pod, events, context);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

type Context = { namespace: string; secretKeys?: string };

function containerTrouble(pod: ObservedPod, context: Context): PodTrouble | undefined {
  const where = `pod ${pod.metadata.name}`;
  for (const container of [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ]) {
    const { reason = '', message = '' } = container.state?.waiting ?? {};
    if (IMAGE_REASONS.includes(reason)) {
      return {
        reason: 'ImagePullFailed',
        message: `${where} cannot pull its image: ${message || reason}; check spec.images and the registry's credentials`,
      };
    }
    const missing = missingObject(message, context);
    if (missing !== undefined) return missing;
    if (CONFIG_REASONS.includes(reason)) {
      return { reason: 'PodConfigMissing', message: `${where} cannot start: ${message || reason}` };
    }
    const ended = container.lastState?.terminated ?? container.state?.terminated;
    const again = (container.restartCount ?? 0) > 0;
    // A Job's pods are not restarted: each failed one stays, and another is tried.
    const failed = (again || pod.status?.phase === 'Failed') && isFailure(container.state?.terminated);
    if (reason === 'CrashLoopBackOff' || failed) {
      const code = ended?.exitCode === undefined ? '' : ` (exit status ${ended.exitCode})`;
      return {
        reason: 'PodsCrashing',
        message: `${where} ends again and again${code}: see kubectl logs -n ${context.namespace} ${pod.metadata.name}${again ? ' --previous' : ''}`,
      };
    }
  }
  return undefined;
}

function isFailure(terminated: { exitCode?: number } | undefined): boolean {
  return terminated !== undefined && terminated.exitCode !== 0;
}

/** Only of pods that wait for their first start: an event stays for an hour after the trouble is over. */
function mountTrouble(
  pod: ObservedPod,
  events: readonly ObservedEvent[],
  context: Context,
): PodTrouble | undefined {
  if (pod.status?.phase !== 'Pending') return undefined;
  for (const event of events) {
    if (event.involvedObject?.uid !== pod.metadata.uid || event.reason !== 'FailedMount') continue;
    return (
      missingObject(event.message ?? '', context) ?? {
        reason: 'PodConfigMissing',
        message: `pod ${pod.metadata.name} cannot mount a volume: ${event.message ?? 'no reason given'}`,
      }
    );
  }
  return undefined;
}

/** The kubelet's words: `secret "x" not found`, `references non-existent secret key: y`. */
function missingObject(message: string, context: Context): PodTrouble | undefined {
  const absent = /\b(secrets?|configmaps?) "([^"]+)" not found/i.exec(message);
  if (absent !== null) {
    const [, kind = '', name = ''] = absent;
    const isSecret = kind.toLowerCase().startsWith('secret');
    const keys = isSecret && context.secretKeys !== undefined ? `, with keys ${context.secretKeys}` : '';
    return {
      reason: 'PodConfigMissing',
      // Every ConfigMap that our pods mount is one that the operator makes, so there is nothing to do but wait.
      message: isSecret
        ? `Secret ${context.namespace}/${name} not found: create it${keys}`
        : `ConfigMap ${context.namespace}/${name} is not there yet: the operator makes it with the PaymentVault`,
      ...(isSecret ? { missingSecret: name } : {}),
    };
  }
  return /references non-existent (secret|config) key/.test(message)
    ? { reason: 'PodConfigMissing', message: `${message}: add the key` }
    : undefined;
}
