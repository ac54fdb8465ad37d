import { z } from 'zod';
import type { ApplicationHealth, ApplicationState, SyncStatus } from '../ports/application-health.ts';
import { getJson } from './get-json.ts';

/** The members of an Application's status that we read; Argo CD sends many more. */
const Application = z.object({
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().optional() }).optional(),
      health: z
        .object({
          status: z.string().optional(),
          message: z.string().optional(),
          lastTransitionTime: z.string().optional(),
        })
        .optional(),
      operationState: z
        .object({
          phase: z.string().optional(),
          message: z.string().optional(),
          syncResult: z.object({ revision: z.string().optional() }).nullish(),
        })
        .optional(),
      reconciledAt: z.string().nullish(),
      history: z.array(z.object({ revision: z.string().optional(), deployedAt: z.string() })).nullish(),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).nullish(),
      resources: z
        .array(
          z.object({
            kind: z.string(),
            namespace: z.string().optional(),
            name: z.string(),
            status: z.string().optional(),
          }),
        )
        .nullish(),
    })
    .optional(),
});
type ApplicationStatus = NonNullable<z.infer<typeof Application>['status']>;

const Healths = z
  .enum(['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown'])
  .catch('Unknown');
const Syncs = z.enum(['Synced', 'OutOfSync', 'Unknown']).catch('Unknown');

export interface ArgoCdOptions {
  /** Base URL of argocd-server. */
  readonly url: string;
  /** A role of AppProject `cofferdam` with `applications, get` is enough. */
  readonly token: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Argo CD compares every three minutes (`timeout.reconciliation`); what is much older, nobody compares any more. */
const STALE_MS = 15 * 60_000;

/** Argo CD's own API: Application `cofferdam-<environment>` of AppProject `cofferdam`. */
export function argoCd({ url, token, now }: ArgoCdOptions): ApplicationHealth {
  return {
    async state(environment) {
      const path = `api/v1/applications/cofferdam-${environment}?project=cofferdam`;
      const source = {
        name: 'Argo CD',
        url: `${url.replace(/\/$/, '')}/${path}`,
        token,
        tokenVariable: 'ARGOCD_AUTH_TOKEN',
        code: 'health_unreachable' as const,
      };
      const found = await getJson(source, Application);
      return found?.status === undefined ? undefined : stateOf(found.status, now());
    },
  };
}

function stateOf(found: ApplicationStatus, nowMs: number): ApplicationState {
  const { sync, health, operationState, history, conditions, resources, reconciledAt } = found;
  const errors = (conditions ?? []).filter(({ type }) => type.endsWith('Error')).map((one) => one.message);
  const isRunning = operationState?.phase === 'Running' || operationState?.phase === 'Terminating';
  const isStale = !(nowMs - Date.parse(reconciledAt ?? '') <= STALE_MS);
  const failure = failureOf(operationState);
  const status: SyncStatus = Syncs.parse(sync?.status);
  const outOfSync = (resources ?? []).filter((one) => one.status === 'OutOfSync');
  const message = [
    health?.message,
    isRunning ? 'a sync is running' : failure?.message,
    isStale
      ? `last compared ${reconciledAt ?? 'never'}: does Argo CD's application controller run?`
      : undefined,
    ...errors,
  ];
  // The hooks and waves of a sync that is still running come after what is compared, and those of one that failed
  // never came.
  const isOpen = isRunning || isStale || failure?.isOf(sync?.revision) === true;
  return {
    sync: isOpen && status === 'Synced' ? 'Unknown' : status,
    revision: sync?.revision,
    health: Healths.parse(health?.status),
    healthSince: health?.lastTransitionTime,
    message: message.filter((text) => text !== undefined && text !== '').join('; ') || undefined,
    deployments: (history ?? []).flatMap(({ revision, deployedAt }) =>
      revision === undefined ? [] : [{ revision, deployedAt }],
    ),
    outOfSync: outOfSync.map(
      ({ kind, namespace, name }) => `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
    ),
  };
}

interface SyncFailure {
  readonly message: string | undefined;
  /** Also where it does not say which revision it was about. */
  isOf(revision: string | undefined): boolean;
}

/** @returns undefined: the last sync did not fail */
function failureOf(operation: ApplicationStatus['operationState']): SyncFailure | undefined {
  if (operation?.phase !== 'Failed' && operation?.phase !== 'Error') return undefined;
  const synced = operation.syncResult?.revision;
  return {
    message: operation.message,
    isOf: (revision) => synced === undefined || synced === revision,
  };
}
