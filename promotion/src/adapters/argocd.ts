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
      operationState: z.object({ phase: z.string().optional(), message: z.string().optional() }).optional(),
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
}

/** Argo CD's own API: Application `cofferdam-<environment>` of AppProject `cofferdam`. */
export function argoCd({ url, token }: ArgoCdOptions): ApplicationHealth {
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
      return found?.status === undefined ? undefined : stateOf(found.status);
    },
  };
}

function stateOf({
  sync,
  health,
  operationState,
  history,
  conditions,
  resources,
}: ApplicationStatus): ApplicationState {
  const errors = (conditions ?? []).filter(({ type }) => type.endsWith('Error')).map((one) => one.message);
  const isRunning = operationState?.phase === 'Running' || operationState?.phase === 'Terminating';
  const status: SyncStatus = Syncs.parse(sync?.status);
  const outOfSync = (resources ?? []).filter((one) => one.status === 'OutOfSync');
  const message = [
    health?.message,
    isRunning ? 'a sync is running' : operationMessage(operationState),
    ...errors,
  ];
  return {
    // The hooks and waves of a sync that is still running come after what is compared.
    sync: isRunning && status === 'Synced' ? 'Unknown' : status,
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

/** What a sync says that failed; a successful one says only that it was. */
function operationMessage(operation: ApplicationStatus['operationState']): string | undefined {
  return operation?.phase === 'Failed' || operation?.phase === 'Error' ? operation.message : undefined;
}
