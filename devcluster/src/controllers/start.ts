import { createEventRecorder, type KubeClient } from '@cofferdam/operator/engine';
import type { ControllerContext, Running } from './controller.ts';
import { startDeploymentController } from './deployment.ts';
import { startDisruptionController } from './disruption.ts';
import { startEndpointSliceController } from './endpoint-slice.ts';
import { startGarbageCollector } from './garbage-collector.ts';
import { startJobController } from './job.ts';
import { startNamespaceController } from './namespace.ts';
import { startReplicaSetController } from './replicaset.ts';
import { startServiceAccountController } from './service-account.ts';
import { createWatches, type Watches } from './watches.ts';

export type ControllerName =
  | 'deployment'
  | 'replicaset'
  | 'job'
  | 'endpointslice'
  | 'garbage-collector'
  | 'namespace'
  | 'serviceaccount'
  | 'disruption';

export type ControllerOptions = {
  client: KubeClient;
  /** PEM of the CA that `kube-root-ca.crt` publishes. */
  caPem: string;
  /** Default: all. There is no autoscaler: nothing here measures load, so HorizontalPodAutoscalers are left alone. */
  only?: ControllerName[];
  watches?: Watches;
  now?: () => Date;
  log?: (message: string) => void;
  /** Wait after the first failed pod of a Job, milliseconds; doubles. Default 10000, as in Kubernetes. */
  jobBackoffBaseMs?: number;
};

/** Runs the controllers of kube-controller-manager that a cluster of ours needs, as API clients. */
export function startControllers(options: ControllerOptions): Running {
  const { client, caPem, now = () => new Date(), log = () => {}, jobBackoffBaseMs = 10_000 } = options;
  const onError = (what: string, error: Error): void => log(`watch ${what}: ${error.message}`);
  const watches = options.watches ?? createWatches(client, onError);
  const contextOf = (component: string): ControllerContext => ({
    client,
    watches,
    events: createEventRecorder({ client, component, instance: component }),
    now,
    log,
  });
  const starters: Record<ControllerName, () => Running> = {
    deployment: () => startDeploymentController(contextOf('deployment-controller')),
    replicaset: () => startReplicaSetController(contextOf('replicaset-controller')),
    job: () => startJobController(contextOf('job-controller'), { backoffBaseMs: jobBackoffBaseMs }),
    endpointslice: () => startEndpointSliceController(contextOf('endpoint-slice-controller')),
    'garbage-collector': () => startGarbageCollector(contextOf('garbage-collector')),
    namespace: () => startNamespaceController(contextOf('namespace-controller')),
    serviceaccount: () => startServiceAccountController(contextOf('serviceaccount-controller'), caPem),
    disruption: () => startDisruptionController(contextOf('disruption-controller')),
  };
  const running = Object.entries(starters)
    .filter(([name]) => options.only === undefined || options.only.includes(name as ControllerName))
    .map(([, start]) => start());
  return {
    async stop() {
      await Promise.all(running.map((controller) => controller.stop()));
      if (options.watches === undefined) await watches.stop();
    },
  };
}
