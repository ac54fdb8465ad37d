import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startTestKms, type TestKms } from '@cofferdam/devcluster/addons';
import { createSupervisor, type Supervisor } from '@cofferdam/devcluster/process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type KubeObject, RESOURCES } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS } from '../../src/reconcile/resources.ts';
import {
  type Conditioned,
  createVault,
  startTestCluster,
  type TestCluster,
  vaultKey,
} from '../cluster-harness.ts';
import { GRANTEE } from '../fixtures.ts';
import { startBrokers } from './brokers.ts';
import { difference } from './difference.ts';
import { type RealProcess, startRealProcess } from './real-process.ts';
import { stateOf, type WorldState } from './world-state.ts';

/*
 * What the crash matrix does to every write in this process, done to a real one: `kill -9` in the middle, and another
 * process that knows nothing and has to wait until the dead one's lease runs out. That takes 15 s, so all that are
 * killed wait at the same time, each with a namespace, a lease and a KMS of its own.
 */

type Stage = 'create' | 'scale' | 'delete';
/** What somebody outside sees the operator do: an object that it has changed, or a call that KMS has carried out. */
type Deed = { object: KubeObject } | { kms: string };

const STAGES: Record<Stage, (namespace: string) => Promise<unknown>> = {
  create: (namespace) =>
    createVault(cluster, namespace, {
      kms: { provider: 'aws', region: 'eu-central-1', create: {}, granteePrincipal: GRANTEE },
      deletionPolicy: 'Delete',
    }),
  scale: (namespace) => {
    const spec = { scaling: { vault: { minReplicas: 2, maxReplicas: 4 }, router: { minReplicas: 3 } } };
    return cluster.admin.patch(PAYMENT_VAULTS, vaultKey(namespace), { type: 'merge', body: { spec } });
  },
  delete: (namespace) => cluster.admin.delete(PAYMENT_VAULTS, vaultKey(namespace)),
};

const isKind = (deed: Deed, kind: string) => 'object' in deed && deed.object.kind === kind;

const KILLS: { name: string; stage: Stage; at(deed: Deed): boolean }[] = [
  {
    name: 'a vault has its finalizer and no key yet',
    stage: 'create',
    at: (deed) =>
      'object' in deed && isKind(deed, 'PaymentVault') && (deed.object.metadata.finalizers ?? []).length > 0,
  },
  {
    name: 'KMS has made the key, and the answer is on its way',
    stage: 'create',
    at: (deed) => 'kms' in deed && deed.kms === 'CreateKey',
  },
  { name: 'the first Deployment is there', stage: 'create', at: (deed) => isKind(deed, 'Deployment') },
  {
    name: 'an autoscaler takes the replicas over',
    stage: 'scale',
    at: (deed) => isKind(deed, 'HorizontalPodAutoscaler'),
  },
  {
    name: 'the grant is taken back, and the key not yet scheduled for deletion',
    stage: 'delete',
    at: (deed) => 'kms' in deed && deed.kms === 'RevokeGrant',
  },
];

let cluster: TestCluster;
let supervisor: Supervisor;
let undisturbed: Promise<Map<Stage, WorldState>>;
const listeners = new Map<string, (deed: Deed) => void>();
beforeAll(async () => {
  [cluster, supervisor] = await Promise.all([startTestCluster(), createSupervisor()]);
  cluster.mirror.onChange((object) => listeners.get(object.metadata.namespace ?? '')?.({ object }));
  undisturbed = runUndisturbed();
  undisturbed.catch(() => {});
});
afterAll(async () => {
  await supervisor?.close();
  await cluster?.stop();
});

/** A namespace with a KMS, and the means to start the operator for it. */
type Place = {
  namespace: string;
  kms: TestKms;
  /** Changes that were seen, in the cluster and in KMS. */
  deeds(): number;
  /** Calls `then` at the first that is so. */
  seen(is: (deed: Deed) => boolean, then: () => void): void;
  start(): Promise<RealProcess>;
  state(): Promise<WorldState>;
  close(): Promise<void>;
};

async function openPlace(namespace: string): Promise<Place> {
  await cluster.namespace(namespace);
  const waiting: { is: (deed: Deed) => boolean; then: () => void }[] = [];
  let deeds = 0;
  const note = (deed: Deed) => {
    deeds += 1;
    const index = waiting.findIndex(({ is }) => is(deed));
    if (index >= 0) waiting.splice(index, 1)[0]?.then();
  };
  listeners.set(namespace, note);
  const kms = await startTestKms({
    log({ operation, result }) {
      if (result === 'ok' && !/^(Get|List|Describe)/.test(operation)) note({ kms: operation });
    },
  });
  const { endpoint, credentials } = kms.clientSettings.operator;
  const grantees = join(kms.stateDirectory, 'grantees.json');
  await writeFile(grantees, JSON.stringify({ [namespace]: [GRANTEE] }));
  const brokers = startBrokers((_, send) => send());
  const env = {
    KUBECONFIG: cluster.kubeconfig,
    WATCH_NAMESPACES: namespace,
    LEASE_NAME: `operator-of-${namespace}`,
    POD_NAME: namespace,
    GRANTEES_FILE: grantees,
    RESYNC_SECONDS: '1',
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const started: RealProcess[] = [];
  return {
    namespace,
    kms,
    deeds: () => deeds,
    seen: (is, then) => void waiting.push({ is, then }),
    async start() {
      const operator = await startRealProcess(supervisor, env);
      started.push(operator);
      return operator;
    },
    state: () => stateOf({ namespace, cluster, kms, brokers }),
    async close() {
      listeners.delete(namespace);
      await Promise.all(started.map((operator) => operator.stop()));
      await kms.stop();
    },
  };
}

async function runUndisturbed(): Promise<Map<Stage, WorldState>> {
  const place = await openPlace('undisturbed');
  const operator = await place.start();
  const states = new Map<Stage, WorldState>();
  for (const stage of ['create', 'scale', 'delete'] as const) {
    await STAGES[stage](place.namespace);
    await vi.waitFor(() => expect(isDone(place.namespace, stage), operator.lastWords()).toBe(true), PATIENCE);
    await quiet(place);
    states.set(stage, await place.state());
  }
  await place.close();
  return states;
}

const PATIENCE = { timeout: 60_000, interval: 50 };

function isDone(namespace: string, stage: Stage): boolean {
  const objects = cluster.mirror.of(namespace);
  const vault: Conditioned | undefined = objects.find(({ kind }) => kind === 'PaymentVault');
  if (stage === 'delete') return vault === undefined && objects.every(({ kind }) => kind !== 'Deployment');
  const isReady = vault?.status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  return isReady === true && vault?.status?.['observedGeneration'] === vault?.metadata.generation;
}

/** Until nothing has changed for a while. */
async function quiet(place: Place): Promise<void> {
  for (let before = -1; before !== place.deeds(); ) {
    before = place.deeds();
    await wait(700);
  }
}

async function converges(place: Place, operator: RealProcess, wanted: WorldState): Promise<void> {
  await vi.waitFor(async () => {
    const problem = difference(await place.state(), wanted);
    if (problem !== undefined) throw new Error(`${problem}\n${operator.lastWords()}`);
  }, PATIENCE);
}

async function stateAfter(stage: Stage): Promise<WorldState> {
  const state = (await undisturbed).get(stage);
  if (state === undefined) throw new Error(`no undisturbed ${stage}`);
  return state;
}

describe.concurrent('an operator that is killed with SIGKILL, and started again, ends as if it had not been', () => {
  test.for(KILLS.map((kill, index) => ({ ...kill, namespace: `killed-${index}` })))(
    'when $name',
    async ({ stage, at, namespace }, { onTestFinished }) => {
      const place = await openPlace(namespace);
      onTestFinished(() => place.close());
      let operator = await place.start();
      if (stage !== 'create') {
        await STAGES.create(namespace);
        await converges(place, operator, await stateAfter('create'));
      }
      const { kill, exited } = operator;
      place.seen(at, kill);
      await STAGES[stage](namespace);
      expect(await exited).toEqual({ code: null, signal: 'SIGKILL' });
      operator = await place.start();
      // It does not lead for a while yet.
      await quiet(place);
      const wanted = await stateAfter(stage);
      expect(difference(await place.state(), wanted), 'killed too late').toBeDefined();
      await converges(place, operator, wanted);
      const lease = { namespace: 'cofferdam-system', name: `operator-of-${namespace}` };
      const { spec } = await cluster.admin.get<KubeObject & { spec: object }>(RESOURCES.leases, lease);
      expect(spec).toMatchObject({ leaseTransitions: 1 });

      // Two resyncs and then some.
      await quiet(place);
      const [before, deeds] = [await operator.counts(), place.deeds()];
      await wait(2_300);
      const after = await operator.counts();
      expect({ writes: after.writes, deeds: place.deeds() }).toEqual({ writes: before.writes, deeds });
      if (stage !== 'delete') expect(after.reconciles - before.reconciles).toBeGreaterThanOrEqual(2);
    },
  );
});
