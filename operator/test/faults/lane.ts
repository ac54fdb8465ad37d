import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { KMSClient } from '@aws-sdk/client-kms';
import { startTestKms, type TestKms } from '@cofferdam/devcluster/addons';
import { type KubeObject, RESOURCES, type Transport } from '../../src/engine/index.ts';
import type { TestCluster } from '../cluster-harness.ts';
import { GRANTEE } from '../fixtures.ts';
import { type Brokers, startBrokers } from './brokers.ts';
import { difference } from './difference.ts';
import { fastClock } from './fast-clock.ts';
import { type OperatorProcess, startProcess, type World } from './process.ts';
import { OTHER_GRANTEE } from './scenarios.ts';
import { stateOf, type WorldState } from './world-state.ts';

export type Write = {
  name: string;
  /** Whether anything was different afterwards. */
  changed: boolean;
};

/** Where an operator is met: at the n-th write of a name since the journal was begun. */
export type Point = { name: string; nth: number; when: 'before' | 'after' };

export const SPEED = 10;
/** Two resyncs of a resource that is ready, and then some, as it passes here. */
const QUIET_MS = 350;

/** Long, since a machine that is busy with much else is slow and not wrong: 200 schedules took up to 70 s each on one. */
const LIMIT_MS = 180_000;

/** A namespace of its own with an operator, a KMS and brokers of its own: many of them share one API server. */
export type Lane = {
  readonly namespace: string;
  readonly cluster: TestCluster;
  readonly kms: TestKms;
  readonly brokers: Brokers;
  readonly clock: ReturnType<typeof fastClock>;
  /** Writes since {@link Lane.beginJournal}, of every operator that ran here. */
  readonly writes: readonly Write[];
  /** By `performance.now()`. */
  readonly lastWriteAt: number;
  readonly operator: OperatorProcess | undefined;
  faults: LaneFaults;
  beginJournal(): void;
  /** Resolves when the operator is at this point; there it is killed, or met by `then`. */
  meet(point: Point, then?: 'kill' | 'go-on'): Promise<{ versionAt: string }>;
  /** Nobody waits for the operator at a point any more. */
  disarm(): void;
  start(): void;
  /** Ends the operator, killed or not. */
  stop(): Promise<void>;
  /** Until every resource was looked at twice, and two resync periods passed, without a write. */
  atRest(limitMs?: number): Promise<void>;
  /** Two more resync periods and looks at every resource, and what was written in them; with the last, why. */
  writesAtRest(): Promise<string[]>;
  state(): Promise<WorldState>;
  /** What the operator said last, and what it is about. */
  lastWords(): string;
  /** At rest in this state. @throws saying what is otherwise */
  converges(wanted: WorldState, options?: { limitMs?: number; signal?: AbortSignal }): Promise<void>;
  /** The newest version of the API server. */
  version(): Promise<string>;
  /** Every watch that is open ends with "410 Gone". */
  endWatches(): void;
  close(): Promise<void>;
};

/** What is wrong with this lane's connections at the moment. */
export type LaneFaults = {
  /** Lists show this version, and watches wait. */
  listsAt?: string;
  /** Lines of watches are lost. */
  blind?: boolean;
  /** Before anything is sent; may wait, or throw what the other side would answer. */
  onSend?: (name: string) => Promise<void>;
  /** After it was carried out; a throw is an answer that was lost. */
  onAnswer?: (name: string) => Promise<void>;
};

/** The newest revision that anybody here has seen; a write that changed something has a newer one. */
let newestRevision = 0;

export async function openLane(options: {
  cluster: TestCluster;
  transport: Transport;
  namespace: string;
}): Promise<Lane> {
  const { cluster, namespace } = options;
  await cluster.namespace(namespace);
  const kms = await startTestKms();
  const granteesFile = join(kms.stateDirectory, 'grantees.json');
  await writeFile(granteesFile, JSON.stringify({ [namespace]: [GRANTEE, OTHER_GRANTEE] }));
  const kmsClient = new KMSClient({ ...kms.clientSettings.operator, maxAttempts: 1 });
  const clock = fastClock(SPEED);
  const journal = lastWords();
  let writes: Write[] = [];
  let counts = new Map<string, number>();
  let meeting: { point: Point; then: 'kill' | 'go-on'; met: (at: { versionAt: string }) => void } | undefined;
  let operator: OperatorProcess | undefined;
  let lastWriteAt = performance.now();
  let roundsAtWrite = new Map<string, number>();
  let versionAt = '';
  let goneSource = new AbortController();
  let closed = false;

  async function write<T>(name: string, send: () => Promise<T>): Promise<T> {
    await lane.faults.onSend?.(name);
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    const here = meeting;
    const isMet = here?.point.name === name && here.point.nth === nth;
    if (isMet) versionAt = String(newestRevision);
    if (isMet && here.point.when === 'before') reach(here);
    const before = newestRevision;

    const answer = await send();
    const changed = hasChanged(answer, before);
    writes.push({ name, changed });
    lastWriteAt = performance.now();
    roundsAtWrite = new Map(operator?.rounds);
    if (isMet && here.point.when === 'after') reach(here);
    await lane.faults.onAnswer?.(name);
    return answer;
  }

  function reach(here: NonNullable<typeof meeting>): void {
    meeting = undefined;
    here.met({ versionAt });
    if (here.then === 'go-on') return;
    operator?.kill();
    throw new Error('killed');
  }

  const brokers = startBrokers((name, send) => write(name, send));
  const world: World = {
    transport: options.transport,
    kms: kmsClient,
    topics: brokers.topics,
    write,
    read: async (name) => lane.faults.onSend?.(name),
    listsAt: () => lane.faults.listsAt,
    loses: () => lane.faults.blind ?? false,
    gone: () => goneSource.signal,
  };

  const lane: Lane = {
    namespace,
    cluster,
    kms,
    brokers,
    clock,
    faults: {},
    get writes() {
      return writes;
    },
    get lastWriteAt() {
      return lastWriteAt;
    },
    get operator() {
      return operator;
    },
    beginJournal() {
      writes = [];
      counts = new Map();
      lastWriteAt = performance.now();
      roundsAtWrite = new Map(operator?.rounds);
    },
    meet(point, then = 'kill') {
      const { promise, resolve } = Promise.withResolvers<{ versionAt: string }>();
      meeting = { point, then, met: resolve };
      return promise;
    },
    disarm() {
      meeting = undefined;
    },
    start() {
      if (closed) return;
      roundsAtWrite = new Map();
      lastWriteAt = performance.now();
      const started = startProcess({ namespace, granteesFile, clock, world, log: journal.log });
      operator = started;
      // As a kubelet does.
      void started.ended.finally(() => {
        if (operator === started) lane.start();
      });
    },
    async stop() {
      meeting = undefined;
      const stopped = operator;
      operator = undefined;
      await stopped?.stop();
    },
    async atRest(limitMs = LIMIT_MS) {
      const until = performance.now() + limitMs;
      for (;;) {
        const quiet = performance.now() - lastWriteAt > QUIET_MS;
        const keys = cluster.mirror.keysOf(namespace);
        const looked = keys.every(
          (key) => (operator?.rounds.get(key) ?? 0) - (roundsAtWrite.get(key) ?? 0) >= 2,
        );
        if (quiet && looked) return;
        if (performance.now() > until) {
          throw new Error(`${namespace} has no rest: ${lastOf(writes)}\n${lane.lastWords()}`);
        }
        await wait(20);
      }
    },
    async writesAtRest() {
      const from = writes.length;
      const said = conditionsOf(cluster.mirror.of(namespace));
      const before = new Map(operator?.rounds);
      const until = performance.now() + QUIET_MS;
      const lookedAtTwice = (key: string) => (operator?.rounds.get(key) ?? 0) - (before.get(key) ?? 0) >= 2;
      while (performance.now() < until || !cluster.mirror.keysOf(namespace).every(lookedAtTwice))
        await wait(20);
      const names = writes.slice(from).map(({ name }) => name);
      const last = names.pop();
      return last === undefined ? [] : [...names, `${last}\nbefore: ${said}\nnow: ${lane.lastWords()}`];
    },
    state: () => stateOf(lane),
    lastWords: () =>
      [journal.text(), operator?.doing(), conditionsOf(cluster.mirror.of(namespace))].join('\n'),
    async converges(wanted, { limitMs = LIMIT_MS, signal } = {}) {
      const until = performance.now() + limitMs;
      for (;;) {
        await lane.atRest(limitMs);
        const problem = difference(await lane.state(), wanted);
        if (problem === undefined || signal?.aborted) return;
        if (performance.now() > until) throw new Error(`${problem}\n${lane.lastWords()}`);
        await wait(100);
      }
    },
    async version() {
      const list = await cluster.admin.list(RESOURCES.leases, { namespace, limit: 1 });
      return list.metadata.resourceVersion;
    },
    endWatches() {
      goneSource.abort();
      goneSource = new AbortController();
    },
    async close() {
      closed = true;
      await lane.stop();
      kmsClient.destroy();
      await kms.stop();
    },
  };
  return lane;
}

/** What an operator said last: printed when it did not do what it should. */
function lastWords() {
  const lines: string[] = [];
  const say = (fields: object, message: string) => {
    const { err, ...rest } = fields as { err?: { message?: string; stack?: string } };
    lines.push(`${message} ${JSON.stringify(rest)} ${err?.message ?? ''}`.slice(0, 300));
    if (lines.length > 12) lines.shift();
  };
  return { log: { info: say, warn: say, error: say }, text: () => lines.join('\n') };
}

function conditionsOf(objects: readonly KubeObject[]): string {
  const said = objects.filter(({ apiVersion }) => apiVersion.startsWith('payments.'));
  return JSON.stringify(said.map((object) => (object as KubeObject & { status?: object }).status));
}

const lastOf = (writes: readonly Write[]) =>
  writes
    .slice(-5)
    .map(({ name }) => name)
    .join(', ');

/** An apply that changes nothing is answered with the version that the object has had all along. */
function hasChanged(answer: unknown, newest: number): boolean {
  if (typeof answer !== 'string') return true;
  const { metadata } = JSON.parse(answer) as { metadata?: { resourceVersion?: string } };
  const revision = Number(metadata?.resourceVersion ?? Number.NaN);
  if (revision > newestRevision) newestRevision = revision;
  return Number.isNaN(revision) || revision > newest;
}

/** For lists and watches, so that what others wrote is not taken for a write of ours. */
export function noteRevision(version: string | undefined): void {
  const revision = Number(version ?? 0);
  if (revision > newestRevision) newestRevision = revision;
}
