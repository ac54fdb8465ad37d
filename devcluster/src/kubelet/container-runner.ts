import { setTimeout as sleep } from 'node:timers/promises';
import { timestamp } from '../controllers/conditions.ts';
import type { Container, Pod } from '../controllers/objects.ts';
import { startContainerProbes } from './container-probes.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';
import { type ContainerRecord, waiting } from './container-record.ts';
import type { KubeletContext } from './context.ts';
import type { PodAddresses } from './downward.ts';
import type { Entrypoint } from './images.ts';
import type { PodFiles } from './pod-files.ts';
import { MissingReferenceError } from './references.ts';
import { createRestartBackoff, type RestartBackoff } from './restart-backoff.ts';

export type RunnerInput = {
  context: KubeletContext;
  /** The pod as it is now. */
  pod: () => Pod;
  container: Container;
  record: ContainerRecord;
  init: boolean;
  files: PodFiles;
  addresses: PodAddresses;
  podLogs: string;
  /** Ends when the pod is to end. */
  ending: AbortSignal;
  /** Resolves when something that the pod refers to has changed, or after a while. */
  pause: () => Promise<void>;
  changed: () => void;
};

/** Runs one container of a pod: starts it, watches it, starts it again as its restart policy says. */
export class ContainerRunner {
  readonly #input: RunnerInput;
  readonly #backoff: RestartBackoff;
  #process: ContainerProcess | undefined;

  constructor(input: RunnerInput) {
    this.#input = input;
    this.#backoff = createRestartBackoff(input.context.restartBackoffMs);
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Resolves when the container will not run again. */
  async run(): Promise<void> {
    const { ending, record, changed } = this.#input;
    while (!ending.aborted) {
      const process = await this.#start();
      if (process === undefined) break;
      const startedAt = performance.now();
      const exitCode = await this.#watch(process);
      if (ending.aborted || !this.#restarts(exitCode)) break;
      await this.#backOff(this.#backoff.next(performance.now() - startedAt));
    }
    record.finished = true;
    if (record.state.terminated === undefined && record.ran) record.state = record.lastState;
    changed();
  }

  /** Ends the process, first politely. The record and `run` follow. */
  async terminate(graceMs: number): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    const { container } = this.#input;
    this.#event('Normal', 'Killing', `Stopping container ${container.name}`);
    const spent = await this.#preStop(graceMs);
    await process.stop(Math.max(0, graceMs - spent));
  }

  /** As `terminate`, when there is no time. */
  async kill(graceMs: number): Promise<void> {
    await this.#process?.stop(graceMs);
  }

  async #start(): Promise<ContainerProcess | undefined> {
    const { context, container, ending, record, changed } = this.#input;
    const entrypoint = await this.#image();
    while (entrypoint !== undefined && !ending.aborted) {
      try {
        const restart = record.ran ? record.restartCount + 1 : record.restartCount;
        const process = await startContainerProcess({
          ...this.#input,
          pod: this.#input.pod(),
          entrypoint,
          restart,
        });
        record.restartCount = restart;
        record.ran = true;
        this.#process = process;
        record.containerId = `process://${process.pid}`;
        if (record.state.terminated !== undefined) record.lastState = record.state;
        record.state = { running: { startedAt: timestamp(context.now()) } };
        this.#event('Normal', 'Started', `Started container ${container.name}`);
        changed();
        // Asked to end while it was being started: nobody else knows of this process yet.
        if (ending.aborted) await process.stop(0);
        return process;
      } catch (error) {
        const { message } = error as Error;
        const reason =
          error instanceof MissingReferenceError ? 'CreateContainerConfigError' : 'CreateContainerError';
        record.state = waiting(reason, message);
        this.#event('Warning', 'Failed', `Error: ${message}`);
        changed();
        await this.#input.pause();
      }
    }
    return undefined;
  }

  /** What runs instead of the image. For one that is not in the table we wait, as for a registry that lacks it. */
  async #image(): Promise<Entrypoint | undefined> {
    const { context, container, ending, record, changed } = this.#input;
    const { image = '', command } = container;
    const entrypoint = context.images[image];
    if (entrypoint !== undefined && command === undefined) {
      this.#event('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return entrypoint;
    }
    if (entrypoint !== undefined) {
      record.state = waiting(
        'CreateContainerError',
        'the process kubelet runs entrypoints: command cannot be set',
      );
      this.#event('Warning', 'Failed', 'Error: the process kubelet runs entrypoints: command cannot be set');
    } else {
      const message = `Failed to pull image "${image}": the process kubelet has no entrypoint for it`;
      this.#event('Warning', 'Failed', message);
      record.state = waiting('ErrImagePull', message);
      changed();
      await sleep(1_000, undefined, { signal: ending }).catch(() => {});
      record.state = waiting('ImagePullBackOff', `Back-off pulling image "${image}"`);
    }
    changed();
    while (!ending.aborted) await this.#input.pause();
    return undefined;
  }

  async #watch(process: ContainerProcess): Promise<number> {
    const { context, container, record, changed, init, addresses } = this.#input;
    const startedAt = record.state.running?.startedAt ?? timestamp(context.now());
    const stopProbes = init
      ? () => {}
      : startContainerProbes(container, addresses.podIp, {
          started: () => {
            record.started = true;
            changed();
          },
          ready: (ready) => {
            if (record.ready === ready) return;
            record.ready = ready;
            changed();
          },
          failed: (probe, message) =>
            this.#event('Warning', 'Unhealthy', `${probe} probe failed: ${message}`),
          unhealthy: (probe) => {
            const what = `Container ${container.name} failed ${probe.toLowerCase()} probe, will be restarted`;
            this.#event('Normal', 'Killing', what);
            void process.stop((this.#input.pod().spec.terminationGracePeriodSeconds ?? 30) * 1000);
          },
        });
    const { exitCode, signal } = await process.exited;
    stopProbes();
    this.#process = undefined;
    record.started = false;
    record.ready = init && exitCode === 0;
    record.state = {
      terminated: {
        exitCode,
        ...(signal === undefined ? {} : { signal }),
        reason: exitCode === 0 ? 'Completed' : 'Error',
        startedAt,
        finishedAt: timestamp(context.now()),
        ...(record.containerId === undefined ? {} : { containerID: record.containerId }),
      },
    };
    changed();
    return exitCode;
  }

  #restarts(exitCode: number): boolean {
    const { init, pod } = this.#input;
    const policy = pod().spec.restartPolicy ?? 'Always';
    if (exitCode === 0) return !init && policy === 'Always';
    return policy !== 'Never';
  }

  async #backOff(waitMs: number): Promise<void> {
    if (waitMs === 0) return;
    const { container, ending, record, changed, pod } = this.#input;
    const { name, namespace, uid } = pod().metadata;
    record.lastState = record.state;
    const what = `restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
    record.state = waiting('CrashLoopBackOff', `back-off ${Math.round(waitMs / 1000)}s ${what}`);
    this.#event('Warning', 'BackOff', `Back-off ${what}`);
    changed();
    await sleep(waitMs, undefined, { signal: ending }).catch(() => {});
  }

  async #preStop(graceMs: number): Promise<number> {
    const { preStop } = this.#input.container.lifecycle ?? {};
    if (preStop === undefined) return 0;
    if (preStop.sleep === undefined) {
      this.#event('Warning', 'FailedPreStopHook', 'the process kubelet knows only preStop.sleep');
      return 0;
    }
    const startedAt = performance.now();
    const exited = this.#process?.exited ?? Promise.resolve();
    await Promise.race([sleep(Math.min(graceMs, preStop.sleep.seconds * 1000)), exited]);
    return performance.now() - startedAt;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#input.context.events.record(this.#input.pod(), { type, reason, message });
  }
}
