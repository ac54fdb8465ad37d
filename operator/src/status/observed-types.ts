import type { KubeObject } from '../engine/resource.ts';

/** The parts of built-in objects that conditions are made of, as the API server sends them. */
export type ObservedDeployment = KubeObject & {
  spec?: {
    replicas?: number;
    template?: { spec?: { containers?: { image?: string }[]; volumes?: { name: string }[] } };
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

/** Milliseconds since the epoch at which a Job failed for good. */
export function jobFailedAt(job: ObservedJob | undefined): number | undefined {
  const failed = job?.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return failed?.lastTransitionTime === undefined ? undefined : Date.parse(failed.lastTransitionTime);
}
