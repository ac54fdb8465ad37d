import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKubeError, RESOURCES } from '@cofferdam/operator/engine';
import { timestamp } from '../controllers/conditions.ts';
import type { Container, Pod } from '../controllers/objects.ts';
import { canonicalJson } from '../controllers/pod-template.ts';
import { logFile } from './container-log.ts';
import { type ContainerRecord, newRecord, waiting } from './container-record.ts';
import { ContainerRunner } from './container-runner.ts';
import type { KubeletContext } from './context.ts';
import type { PodAddresses } from './downward.ts';
import type { LogTarget } from './log-server.ts';
import { createPodFiles, type PodFiles } from './pod-files.ts';
import { podStatus } from './pod-status.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';

/** How long a process gets when its pod has already gone from the API server, or the whole cluster ends. */
const ABANDONED_GRACE_MS = 2_000;

/** The life of one pod: its files, its containers in their order, its status, its end. */
export class PodWorker {
  readonly #context: KubeletContext;
  readonly #ending = new AbortController();
  readonly #addresses: PodAddresses;
  readonly #files: PodFiles;
  readonly #status: StatusWriter;
  readonly #init: ContainerRecord[];
  readonly #containers: ContainerRecord[];
  readonly #runners = new Set<ContainerRunner>();
  readonly #startTime: string;
  readonly #podLogs: string;
  #pod: Pod;
  #sandboxReady = false;
  #woken = Promise.withResolvers<void>();
  #renewal: NodeJS.Timeout | undefined;
  #finished = false;
  /** Nothing of the pod is left on this node. */
  #cleaned = false;
  #silent = false;
  #graceMs = Number.POSITIVE_INFINITY;
  /** Resolves when the pod's processes and files are gone. */
  readonly done: Promise<void>;

  constructor(context: KubeletContext, pod: Pod) {
    this.#context = context;
    this.#pod = pod;
    const { name, namespace, uid } = pod.metadata;
    const { address, name: nodeName } = context.node;
    this.#addresses = { podIp: context.addresses.take(), hostIp: address, nodeName };
    this.#files = createPodFiles(context, pod, this.#addresses);
    this.#podLogs = join(context.directories.logs, `${namespace}_${name}_${uid}`);
    this.#startTime = pod.status?.startTime ?? timestamp(context.now());
    const before = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const record = (container: Container, init: boolean): ContainerRecord => {
      const known = before.find((status) => status.name === container.name);
      return newRecord(container.name, container.image ?? '', known, init);
    };
    this.#init = (pod.spec.initContainers ?? []).map((container) => record(container, true));
    this.#containers = pod.spec.containers.map((container) => record(container, this.#init.length > 0));
    this.#status = createStatusWriter(context, pod, () =>
      podStatus({
        pod: this.#pod,
        podIp: this.#addresses.podIp,
        hostIp: address,
        startTime: this.#startTime,
        sandboxReady: this.#sandboxReady,
        init: this.#init,
        containers: this.#containers,
        now: context.now(),
      }),
    );
    this.done = this.#live();
  }

  /** The pod object has changed. */
  update(pod: Pod): void {
    const { labels, annotations } = this.#pod.metadata;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#end();
    // Of all that may change in a pod, only these can stand in a file of it.
    else if (
      canonicalJson([labels, annotations]) !== canonicalJson([pod.metadata.labels, pod.metadata.annotations])
    ) {
      void this.refresh();
    }
  }

  /** Something that the pod may refer to has changed. */
  async refresh(): Promise<void> {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
    if (!this.#sandboxReady || this.#finished) return;
    try {
      await this.#files.refresh(this.#pod);
    } catch (error) {
      // What was mounted stays as it is, as on a real node.
      this.#event('Warning', 'FailedMount', (error as Error).message);
    }
    this.#scheduleRenewal();
  }

  /** The pod is gone from the API server: nobody is left to tell. */
  abandon(): Promise<void> {
    this.#silent = true;
    this.#status.close();
    this.#end(ABANDONED_GRACE_MS);
    return this.done;
  }

  logs(container: string, previous: boolean): LogTarget | undefined {
    const record = [...this.#init, ...this.#containers].find(({ name }) => name === container);
    if (record === undefined) return undefined;
    const restart = previous ? record.restartCount - 1 : record.restartCount;
    const exists = record.containerId !== undefined && restart >= 0;
    const reason = record.state.waiting?.reason;
    return {
      ...(exists || previous || reason === undefined ? {} : { waiting: reason }),
      file: exists ? logFile(this.#podLogs, container, restart) : undefined,
      running: () => !previous && !this.#finished && record.restartCount === restart && !record.finished,
    };
  }

  async #live(): Promise<void> {
    const { log, addresses } = this.#context;
    const { namespace, name } = this.#pod.metadata;
    // Let the constructor return first: everything below may already look at `done`.
    await Promise.resolve();
    this.#status.touch();
    if (this.#pod.metadata.deletionTimestamp !== undefined) this.#end();
    try {
      await this.#setUp();
      await this.#runInit();
      await Promise.all(
        this.#pod.spec.containers.map((container, index) => this.#run(container, index, false)),
      );
    } catch (error) {
      log(`pod ${namespace}/${name}: ${(error as Error).stack}`);
    }
    this.#finished = true;
    clearTimeout(this.#renewal);
    if (!this.#silent) await this.#status.flush();
    await this.#files.remove().catch((error: Error) => log(`pod ${namespace}/${name}: ${error.message}`));
    addresses.release(this.#addresses.podIp);
    this.#cleaned = true;
    if (this.#pod.metadata.deletionTimestamp !== undefined) await this.#delete();
  }

  async #setUp(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.#files.refresh(this.#pod);
        this.#sandboxReady = true;
        const reason = this.#init.length > 0 ? 'PodInitializing' : 'ContainerCreating';
        for (const record of this.#containers) record.state = waiting(reason);
        this.#scheduleRenewal();
        this.#status.touch();
        return;
      } catch (error) {
        const { message } = error as Error;
        for (const record of this.#containers) record.state = waiting('ContainerCreating', message);
        this.#event('Warning', 'FailedMount', message);
        this.#status.touch();
        await this.#pause();
      }
    }
  }

  async #runInit(): Promise<void> {
    const containers = this.#pod.spec.initContainers ?? [];
    for (const [index, container] of containers.entries()) {
      if (this.#ending.signal.aborted) return;
      await this.#run(container, index, true);
      const failed = this.#init[index]?.state.terminated?.exitCode !== 0;
      if (!failed) continue;
      for (const record of this.#containers) record.finished = true;
      this.#ending.abort();
      return;
    }
  }

  async #run(container: Container, index: number, init: boolean): Promise<void> {
    const record = (init ? this.#init : this.#containers)[index];
    if (record === undefined) return;
    const runner = new ContainerRunner({
      context: this.#context,
      pod: () => this.#pod,
      container,
      record,
      init,
      files: this.#files,
      addresses: this.#addresses,
      podLogs: this.#podLogs,
      ending: this.#ending.signal,
      pause: () => this.#pause(),
      changed: () => this.#status.touch(),
    });
    this.#runners.add(runner);
    await runner.run();
    this.#runners.delete(runner);
  }

  /** Until something that may help has happened, the time for another try has come, or the pod is to end. */
  async #pause(): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const done = (): void => over.resolve();
    const timer = setTimeout(done, this.#context.retryMs);
    signal.addEventListener('abort', done);
    await Promise.race([over.promise, this.#woken.promise]);
    signal.removeEventListener('abort', done);
    clearTimeout(timer);
  }

  #end(graceMs?: number): void {
    const { deletionGracePeriodSeconds } = this.#pod.metadata;
    const seconds = deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
    const wanted = graceMs ?? seconds * 1000;
    const first = !this.#ending.signal.aborted;
    this.#ending.abort();
    if (first && graceMs === undefined) {
      for (const runner of this.#runners) void runner.terminate(wanted);
    } else if (wanted < this.#graceMs) {
      // Somebody has less patience than whoever began it.
      for (const runner of this.#runners) void runner.kill(wanted);
    }
    this.#graceMs = Math.min(this.#graceMs, wanted);
    if (this.#cleaned && graceMs === undefined) void this.#delete();
  }

  /** The last word: only now may the name be used again. Repeated until it is heard. */
  async #delete(): Promise<void> {
    const { client, log } = this.#context;
    const { namespace, name, uid } = this.#pod.metadata;
    while (!this.#silent) {
      try {
        await client.delete(RESOURCES.pods, { namespace, name }, { uid, gracePeriodSeconds: 0 });
        return;
      } catch (error) {
        // Conflict: another pod has the name already, so ours is gone.
        if (isKubeError(error, 'conflict')) return;
        log(`pod ${namespace}/${name}: delete: ${(error as Error).message}`);
        await sleep(this.#context.retryMs);
      }
    }
  }

  #scheduleRenewal(): void {
    clearTimeout(this.#renewal);
    const at = this.#files.renewAtMs();
    if (at === undefined || this.#finished) return;
    const waitMs = Math.max(500, at - this.#context.now().getTime());
    this.#renewal = setTimeout(() => void this.refresh(), Math.min(waitMs, 2 ** 31 - 1)).unref();
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.record(this.#pod, { type, reason, message });
  }
}
