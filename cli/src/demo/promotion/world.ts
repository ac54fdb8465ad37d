import { join } from 'node:path';
import { parseYaml, Release, renderEnvironment } from '@cofferdam/cdk8s';
import { provisionDatabases } from '@cofferdam/devcluster/addons';
import { isKubeError, type KubeClient, type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import type { PromotePorts, Repository } from '@cofferdam/promotion';
import type { Databases } from '../../embedded/secrets.ts';
import { createSecrets, createSimulatorCertificate } from '../../embedded/secrets.ts';
import type { Stage } from '../../embedded/stage.ts';
import { healthJudge } from '../../syncer/health.ts';
import { type Syncer, startSyncer } from '../../syncer/syncer.ts';
import { applyManifests } from '../apply.ts';
import { type Manifest, readManifests } from '../manifests.ts';
import { ENVIRONMENTS, type EnvironmentName, namespaceOf, VAULT } from './inputs.ts';
import type { Pins } from './releases.ts';
import type { ScratchRepository } from './scratch-repository.ts';

/** Of the gates and of the syncer: the time of day, and what it was put forward by. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now: () => number;
  forward: (ms: number) => void;
}

/** What the story is played on. */
export interface World {
  client: KubeClient;
  repository: ScratchRepository;
  syncer: Syncer;
  /** Of the promotion engine. */
  ports: PromotePorts;
  clock: Clock;
  stage: Stage;
}

/** Every object that the scratch repository holds, of all environments and of the operator's install. */
export function scratchManifests(work: string): { install: Manifest[]; environments: Manifest[] } {
  const rendered = (directory: string) => readManifests(join(work, directory, 'rendered'));
  return {
    install: rendered('install'),
    environments: ENVIRONMENTS.flatMap((name) => rendered(`environments/${name}`)),
  };
}

/**
 * What is in a cluster before Argo CD is told of an environment: the operator, and the Secrets that an External Secrets
 * store would make, in namespaces that are there already for it.
 */
export async function prepareCluster(
  client: KubeClient,
  { cluster }: Stage,
  { install, environments }: { install: Manifest[]; environments: Manifest[] },
): Promise<void> {
  const namespaces = environments.filter(({ kind }) => kind === 'Namespace');
  await applyManifests(client, [...install, ...namespaces]);
  const databases = new Map<string, Databases>();
  for (const name of ENVIRONMENTS) {
    const found = await provisionDatabases(cluster.addons.postgres.adminUrl, { prefix: `${name}_` });
    databases.set(namespaceOf(name), found);
  }
  await createSecrets(client, environments, databases);
  await createSimulatorCertificate(client, environments);
}

/** Starts what stands in for Argo CD, and puts the engine's ports together. */
export async function openWorld(
  client: KubeClient,
  stage: Stage,
  repository: ScratchRepository,
): Promise<World> {
  const clock = startClock();
  const { now } = clock;
  const syncer = startSyncer({
    ...{ client, now, judge: await healthJudge(), environments: ENVIRONMENTS, branch: 'main' },
    ...{ repository: repository.originRepository, host: repository.host },
    onError: (environment, error) => stage.progress.set(`sync ${environment}`, 'working', error.message),
  });
  const ports: PromotePorts = {
    repository: repository.clone,
    host: repository.host,
    render: renderEnvironment,
    health: syncer,
    images: repository.images,
    // No step of this repository has the gate `slo`.
    slo: { state: async () => ({ measured: 0, unevaluated: 0, burning: [] }) },
    now,
  };
  return { client, repository, syncer, ports, clock, stage };
}

function startClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    forward(ms) {
      aheadMs += ms;
    },
  };
}

interface Deployment extends KubeObject {
  spec: { template: { spec: { containers: { image: string }[] } } };
  status?: { readyReplicas?: number };
}

/** Images of the three Deployments of an environment, as the cluster has them; empty where there is none yet. */
export async function runningImages(
  client: KubeClient,
  environment: EnvironmentName,
): Promise<Record<'vault' | 'router' | 'connector', string>> {
  const image = async (name: string) => {
    const key = { namespace: namespaceOf(environment), name };
    try {
      const { spec } = await client.get<Deployment>(RESOURCES.deployments, key);
      return spec.template.spec.containers[0]?.image ?? '';
    } catch (error) {
      if (isKubeError(error, 'not_found')) return '';
      throw error;
    }
  };
  const [vault, router, connector] = await Promise.all([
    image(`${VAULT}-vault`),
    image(`${VAULT}-router`),
    image('stripe-connector'),
  ]);
  return { vault, router, connector };
}

interface Pod extends KubeObject {
  spec: { containers: { image: string }[] };
  status?: { containerStatuses?: { ready: boolean; restartCount: number }[] };
}

/** An environment's pods of the vault: those that are ready serve, whatever the Deployment wants. */
export async function vaultPods(
  client: KubeClient,
  environment: EnvironmentName,
): Promise<{ image: string; ready: boolean; restarts: number }[]> {
  const { items } = await client.list<Pod>(RESOURCES.pods, {
    namespace: namespaceOf(environment),
    labelSelector: 'app.kubernetes.io/name=vault',
  });
  return items.map(({ spec, status }) => {
    const [container] = status?.containerStatuses ?? [];
    const image = spec.containers[0]?.image ?? '';
    return { image, ready: container?.ready ?? false, restarts: container?.restartCount ?? 0 };
  });
}

/** What `release.yaml` pins at a commit. Default: the one that is checked out. */
export async function readPins(
  repository: Repository,
  environment: EnvironmentName,
  revision?: string,
): Promise<Pins> {
  const path = `environments/${environment}/release.yaml`;
  const text = await repository.read(revision ?? (await repository.head()), path);
  return parseYaml(path, text ?? '', Release).images;
}
