import {
  createReflector,
  type KubeClient,
  type KubeObject,
  RESOURCES,
  type Resource,
} from '@cofferdam/operator/engine';

type Job = KubeObject & { status?: { conditions?: unknown[] } };
type Deployment = KubeObject & {
  spec?: { replicas?: number };
  status?: { observedGeneration?: number };
};

const OURS = { labelSelector: 'app.kubernetes.io/managed-by=cofferdam-operator' };

/**
 * What controllers and kubelets would come to, at once and without a pod: Jobs are complete, Deployments rolled out.
 *
 * @param deployments false where a real controller writes their status; Jobs stay as we mark them even there
 */
export function playWorkloads(
  client: KubeClient,
  deployments: boolean,
  onError: (error: Error) => void,
): void {
  const patch = (resource: Resource, object: KubeObject, status: object) =>
    void client
      .patch(resource, object.metadata, { type: 'merge', body: { status } }, { subresource: 'status' })
      .catch(onError);

  const finish = (job: Job) => {
    if (job.status?.conditions?.length) return;
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const said = { status: 'True', reason: 'CompletionsReached', message: '', lastTransitionTime: now };
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
      type,
      ...said,
      lastProbeTime: now,
    }));
    patch(RESOURCES.jobs, job, { startTime: now, completionTime: now, succeeded: 1, conditions });
  };
  const rollOut = (deployment: Deployment) => {
    const { generation } = deployment.metadata;
    if (deployment.status?.observedGeneration === generation) return;
    const replicas = deployment.spec?.replicas ?? 1;
    const all = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    patch(RESOURCES.deployments, deployment, { observedGeneration: generation, ...all });
  };

  const jobs = createReflector<Job>({ client, resource: RESOURCES.jobs, ...OURS, onError });
  jobs.subscribe({ added: finish, updated: finish });
  jobs.start();
  if (!deployments) return;
  const apps = createReflector<Deployment>({ client, resource: RESOURCES.deployments, ...OURS, onError });
  apps.subscribe({ added: rollOut, updated: rollOut });
  apps.start();
}
