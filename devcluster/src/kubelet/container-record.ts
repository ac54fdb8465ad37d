import type { ContainerState, ContainerStatus } from '../controllers/objects.ts';

/** What the kubelet knows of one container; its status is made from it. */
export type ContainerRecord = {
  name: string;
  image: string;
  state: ContainerState;
  lastState: ContainerState;
  /** Has been started, by this kubelet or an earlier one: the next start is a restart. */
  ran: boolean;
  restartCount: number;
  /** Passed its startup probe, or has none and runs. */
  started: boolean;
  /** Passes its readiness probe, or has none. */
  ready: boolean;
  containerId: string | undefined;
  /** Will not be started again. */
  finished: boolean;
};

export const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});

/** A record for a container that has not run, or that an earlier kubelet ran and nobody knows the end of. */
export function newRecord(name: string, image: string, before: ContainerStatus | undefined, init: boolean) {
  const record: ContainerRecord = {
    name,
    image,
    state: waiting(init ? 'PodInitializing' : 'ContainerCreating'),
    lastState: before?.lastState ?? {},
    ran: before?.containerID !== undefined,
    restartCount: before?.restartCount ?? 0,
    started: false,
    ready: false,
    containerId: undefined,
    finished: false,
  };
  if (before?.state?.running !== undefined) {
    record.lastState = {
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the kubelet was started again',
        ...(before.state.running.startedAt === undefined
          ? {}
          : { startedAt: before.state.running.startedAt }),
        ...(before.containerID === undefined ? {} : { containerID: before.containerID }),
      },
    };
  }
  return record;
}

export function containerStatus(record: ContainerRecord): ContainerStatus {
  const running = record.state.running !== undefined;
  return {
    name: record.name,
    image: record.image,
    imageID: record.containerId === undefined ? '' : record.image,
    ...(record.containerId === undefined ? {} : { containerID: record.containerId }),
    state: record.state,
    lastState: record.lastState,
    ready: record.finished
      ? record.state.terminated?.exitCode === 0 && record.ready
      : running && record.ready,
    restartCount: record.restartCount,
    started: running && record.started,
  };
}
