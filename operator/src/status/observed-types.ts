import type { KubeObject } from '../engine/resource.ts';

/** The parts of built-in objects that conditions are made of, as the API server sends them. */
export type ObservedDeployment = KubeObject & {
  spec?: {
    replicas?: number;
    template?: { spec?: { containers?: { name?: string; image?: string }[]; volumes?: { name: string }[] } };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
};

export type ObservedJob = KubeObject & {
  status?: {
    /** Pods that run and are ready, which a migration's are from their start. */
    ready?: number;
    startTime?: string;
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
  };
};

type ContainerStatus = {
  name: string;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { exitCode?: number; reason?: string; message?: string };
  };
  lastState?: { terminated?: { exitCode?: number; reason?: string; message?: string } };
};

export type ObservedPod = KubeObject & {
  status?: {
    phase?: string;
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
};

/** An Event about a pod: a volume that cannot be mounted is told nowhere else. */
export type ObservedEvent = KubeObject & {
  reason?: string;
  message?: string;
  involvedObject?: { name?: string; uid?: string };
};

/** Every pod is of the wanted version and ready. */
export function isRolledOut({ metadata, spec, status }: ObservedDeployment): boolean {
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0, observedGeneration = 0 } = status ?? {};
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    updatedReplicas === wanted &&
    availableReplicas >= wanted &&
    replicas === wanted
  );
}

export function jobState(job: ObservedJob | undefined): 'missing' | 'running' | 'complete' | 'failed' {
  if (job === undefined) return 'missing';
  const holds = (type: string) =>
    job.status?.conditions?.some((one) => one.type === type && one.status === 'True');
  if (holds('Complete')) return 'complete';
  return holds('Failed') ? 'failed' : 'running';
}

/** As long as a Deployment has for its roll-out. */
const JOB_PROGRESS_MS = 5 * 60_000;

/**
 * No pod of it runs, and it had the time for one. A Job whose image cannot be pulled stays like that without an end, and
 * one that ends again and again for half an hour (`backoffLimit`).
 * @param now milliseconds since the epoch
 */
export function isJobLate(job: ObservedJob | undefined, now: number): boolean {
  const { startTime, ready = 0 } = job?.status ?? {};
  return startTime !== undefined && ready === 0 && now - Date.parse(startTime) >= JOB_PROGRESS_MS;
}

/** Milliseconds since the epoch at which a Job failed for good. */
export function jobFailedAt(job: ObservedJob | undefined): number | undefined {
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return failed?.lastTransitionTime === undefined ? undefined : Date.parse(failed.lastTransitionTime);
}
