import { isDeepStrictEqual } from 'node:util';
import type { Condition, PaymentVaultStatus, PSPConnectorStatus } from '@cofferdam/crds';
import { isKubeError, type KubeObject, type Resource } from '../engine/index.ts';
import type { Context } from './context.ts';

type Status = PaymentVaultStatus | PSPConnectorStatus;
type Parent = KubeObject & { status?: Status | undefined };

/**
 * Writes the status when it says something new, and tells people of conditions that changed.
 * @returns the resource with the version that it has now, for a later write that must not be a late one
 */
export async function writeStatus<P extends Parent>(
  context: Pick<Context, 'client' | 'events'>,
  resource: Resource,
  parent: P,
  status: Status,
): Promise<P> {
  // Through JSON, so that an absent member and an undefined one are the same.
  if (isDeepStrictEqual(plain(parent.status), plain(status))) return parent;
  const { apiVersion, kind, metadata } = parent;
  const { name, namespace, uid, resourceVersion: base } = metadata;
  // What is said was found out of this version: about another one it may be wrong.
  const on = {
    ...(uid === undefined ? {} : { uid }),
    ...(base === undefined ? {} : { resourceVersion: base }),
  };
  const body = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...on },
    status,
  };
  const written = await context.client.applyStatus(resource, body).catch((error) => {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  });
  if (written === undefined) return parent;
  for (const condition of status.conditions ?? []) {
    if (isNews(condition, parent.status?.conditions)) tell(context, parent, condition);
  }
  const { resourceVersion } = written.metadata;
  return resourceVersion === undefined ? parent : { ...parent, metadata: { ...metadata, resourceVersion } };
}

function isNews(condition: Condition, before: readonly Condition[] | undefined): boolean {
  const previous = before?.find(({ type }) => type === condition.type);
  return previous?.status !== condition.status || previous.reason !== condition.reason;
}

/** Of the good news only Ready: the rest is in the conditions for those who look. */
function tell(context: Pick<Context, 'events'>, parent: Parent, condition: Condition): void {
  const { type, status, reason, message } = condition;
  if (type === 'Ready' && status === 'True') {
    context.events.record(parent, { type: 'Normal', reason: 'Ready', message });
  } else if (type === 'Stalled') {
    context.events.record(parent, { type: 'Warning', reason, message });
  } else if (status === 'False' && type !== 'Ready' && !QUIET.has(reason)) {
    context.events.record(parent, { type: 'Warning', reason, message: `${type}: ${message}` });
  }
}

/** On the way, and nothing wrong. */
const QUIET: ReadonlySet<string> = new Set([
  'Progressing',
  'Waiting',
  'MigrationRunning',
  'PodsNotReady',
  'VaultNotReady',
  'Deleting',
]);

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
