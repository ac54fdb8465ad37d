import { RESOURCES, type WorkResult } from '@cofferdam/operator/engine';
import {
  type ControllerContext,
  controlled,
  controllerKey,
  itself,
  type Running,
  read,
  startController,
  writeStatus,
} from './controller.ts';
import { type JobSettings, planJob } from './job-plan.ts';
import type { Job, JobStatus, Pod, PodTemplate } from './objects.ts';
import { createPod, deletePod } from './pod-creation.ts';

export function startJobController(context: ControllerContext, settings: JobSettings): Running {
  const sources = [
    { resource: RESOURCES.jobs, keys: itself },
    { resource: RESOURCES.pods, keys: controllerKey('Job') },
  ];
  return startController(context, 'job', sources, async (namespace, name): Promise<WorkResult> => {
    const { client, now } = context;
    const job = await read<Job>(client, RESOURCES.jobs, namespace, name);
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
    const plan = planJob(job, await controlled<Pod>(client, RESOURCES.pods, job), now(), settings);
    if (plan.expire) {
      const { uid } = job.metadata;
      await client.delete(RESOURCES.jobs, { namespace, name }, { uid, propagationPolicy: 'Foreground' });
      return undefined;
    }
    // First the status: what it counts must not be lost with the pods that go next.
    await writeStatus(context, RESOURCES.jobs, job, plan.status);
    announce(context, job, plan.status);
    await Promise.all([
      ...Array.from({ length: plan.create }, () => createPod(context, job, labelled(job))),
      ...plan.remove.map((pod) => deletePod(context, job, pod)),
    ]);
    return plan.resyncAfterMs === undefined ? undefined : { afterMs: plan.resyncAfterMs };
  });
}

/** The template with the labels of the job. An API server adds them on creation; one that did not is no obstacle. */
function labelled(job: Job): PodTemplate {
  const { template } = job.spec;
  const labels = {
    ...template.metadata?.labels,
    'batch.kubernetes.io/controller-uid': job.metadata.uid,
    'batch.kubernetes.io/job-name': job.metadata.name,
    'controller-uid': job.metadata.uid,
    'job-name': job.metadata.name,
  };
  return { ...template, metadata: { ...template.metadata, labels } };
}

function announce({ events }: ControllerContext, job: Job, status: JobStatus): void {
  const before = new Set(job.status?.conditions?.filter((c) => c.status === 'True').map((c) => c.type));
  for (const { type, status: value, reason = '', message = '' } of status.conditions ?? []) {
    if (value !== 'True' || before.has(type)) continue;
    if (type === 'Complete')
      events.record(job, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
    if (type === 'Failed') events.record(job, { type: 'Warning', reason, message });
  }
}
