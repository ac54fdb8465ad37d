import { setTimeout as wait } from 'node:timers/promises';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { TopicManagement } from '../../src/effects/kafka.ts';
import { awsKeyManagement, type KmsSender } from '../../src/effects/kms-aws.ts';
import { type Clock, KubeError, type Transport, type TransportRequest } from '../../src/engine/index.ts';
import type { OperatorMetrics } from '../../src/metrics.ts';
import { createOperator } from '../../src/operator.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { fixedAuthority } from '../ca/fixed-authority.ts';
import { facts } from '../fixtures.ts';
import { writeName } from './write-name.ts';

/** What stands between an operator and everything that it changes. */
export type World = {
  transport: Transport;
  kms: KMSClient;
  topics: TopicManagement;
  /** Around every write: it may count it, refuse it, or never come back. */
  write<T>(name: string, send: () => Promise<T>): Promise<T>;
  /** Before everything else that is sent. */
  read?(name: string): Promise<void>;
  /** What the API server serves instead of the newest state, as long as there is something. */
  listsAt?(): string | undefined;
  /** Whether a line of a watch is lost on the way. */
  loses?(line: string): boolean;
  /** Fires when every watch that is open ends with "410 Gone". */
  gone?(): AbortSignal;
};

export type ProcessOptions = {
  namespace: string;
  /** JSON: namespace to grantees. */
  granteesFile: string;
  clock: Clock;
  world: World;
  log: Context['log'];
};

/** A whole operator in this process, that can be ended as a killed one ends: nothing it sends arrives any more. */
export type OperatorProcess = {
  /** Reconciles that have ended, by key. */
  readonly rounds: ReadonlyMap<string, number>;
  /** When it has stopped by itself, as it does when it loses its lease. */
  readonly ended: Promise<void>;
  /** What it is about, for whoever wonders why nothing happens. */
  doing(): string;
  kill(): void;
  stop(): Promise<void>;
};

export const RESYNC = { readyMs: 1_500, notReadyMs: 1_000, unreportedMs: 500 };
const GONE = JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old',
  },
});

class Killed extends Error {
  override readonly message = 'killed';
}

export function startProcess(options: ProcessOptions): OperatorProcess {
  const { namespace, world, clock } = options;
  const stopping = new AbortController();
  const rounds = new Map<string, number>();
  let dead = false;
  const alive = <T>(send: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Killed()) : send());
  const write = <T>(name: string, send: () => Promise<T>) =>
    alive(() => world.write(name, () => alive(send)));
  const read = async <T>(name: string, send: () => Promise<T>) => {
    await alive(async () => world.read?.(name));
    return alive(send);
  };

  const transport: Transport = {
    ...world.transport,
    send(request) {
      // The lease alone outlives the process, so that its successor need not wait until it runs out.
      if (/\/leases\b/.test(request.path)) {
        return dead ? world.transport.send(request) : read('lease', () => world.transport.send(request));
      }
      const name = writeName(request);
      if (name !== undefined) return write(name, () => world.transport.send(request));
      return read('api', () => world.transport.send(asOf(request, world.listsAt?.())));
    },
    async lines(request) {
      // As long as old lists are served, watches have nothing to tell either; one that begins with a list is refused.
      if (world.listsAt?.() !== undefined && request.path.includes('sendInitialEvents')) {
        throw new KubeError('invalid', 'sendInitialEvents is forbidden');
      }
      while (world.listsAt?.() !== undefined && !request.signal?.aborted) await wait(10);
      const gone = world.gone?.() ?? new AbortController().signal;
      const signal = AbortSignal.any([gone, ...(request.signal === undefined ? [] : [request.signal])]);
      const lines = await read('watch', () => world.transport.lines({ ...request, signal }));
      return seen(world, lines, gone);
    },
  };
  const operator = createOperator({
    transport,
    authority: () => fixedAuthority,
    clock,
    topics: world.topics,
    keys: awsKeyManagement(() => sender(world.kms, { write, read })),
    statusz: {
      read: async (url) => STATUSZ[new URL(url).hostname.split('.')[0] ?? ''],
      close: async () => {},
    },
    log: options.log,
    metrics: roundsInto(rounds),
    identity: {
      namespace: 'cofferdam-system',
      serviceAccount: 'cofferdam-operator',
      images: facts.images,
      certificateUrl: facts.certificateUrl,
      granteesFile: options.granteesFile,
    },
    lease: { namespace, name: 'cofferdam-operator', holder: `test-${Math.random()}` },
    namespaces: [namespace],
    resync: RESYNC,
    memory: { fineMs: 150, troubledMs: 50 },
    patience: { Retain: 2_000, Delete: 2_000 },
  });
  const done = operator.run(stopping.signal);
  return {
    rounds,
    ended: done,
    doing: () => JSON.stringify(operator.controller()?.queue.snapshot() ?? 'does not lead'),
    kill() {
      dead = true;
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

/** What connectors report of themselves. */
const STATUSZ: Record<
  string,
  Awaited<ReturnType<import('../../src/effects/statusz.ts').StatuszReader['read']>>
> = {
  'stripe-connector': {
    service: 'connector',
    version: 'test',
    instance: 'test',
    accounts: [{ name: 'acme', credentials: 'present', reachable: 'yes' }],
  },
};

function asOf(request: TransportRequest, version: string | undefined): TransportRequest {
  // Only lists: a single object is always read as it is now.
  if (version === undefined || !request.path.includes('?')) return request;
  return { ...request, path: `${request.path}&resourceVersion=${version}&resourceVersionMatch=Exact` };
}

async function* seen(
  world: World,
  lines: AsyncGenerator<string, void>,
  gone: AbortSignal,
): AsyncGenerator<string, void> {
  try {
    for await (const line of lines) {
      if (!world.loses?.(line)) yield line;
    }
  } catch (error) {
    if (!gone.aborted) throw error;
  }
  if (gone.aborted) yield GONE;
}

const KMS_WRITE = /^(Create|Enable|Schedule|Delete|Revoke|Disable|Tag|Untag|Update|Put|Retire|Cancel)/;

function sender(
  kms: KMSClient,
  around: {
    write<T>(name: string, send: () => Promise<T>): Promise<T>;
    read<T>(name: string, send: () => Promise<T>): Promise<T>;
  },
): KmsSender {
  return {
    send(command: object) {
      const name = command.constructor.name.replace(/Command$/, '');
      const send = () => (kms.send as (command: object) => Promise<unknown>).call(kms, command);
      return KMS_WRITE.test(name) ? around.write(`kms ${name}`, send) : around.read('kms', send);
    },
  } as unknown as KmsSender;
}

function roundsInto(rounds: Map<string, number>): OperatorMetrics {
  const finished = (key: string) => rounds.set(key, (rounds.get(key) ?? 0) + 1);
  const queue: OperatorMetrics['queue'] = { finished };
  // Whatever else is measured is not looked at here.
  const rest = { get: (known: object, name: string) => Reflect.get(known, name) ?? (() => {}) };
  return new Proxy({ queue }, rest) as OperatorMetrics;
}
