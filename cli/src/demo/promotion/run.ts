import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createTransport, kubeconfigFile } from '@cofferdam/operator/engine';
import { history, readConfig } from '@cofferdam/promotion';
import { awsRoles } from '../../embedded/aws-roles.ts';
import { onStage, type Stage } from '../../embedded/stage.ts';
import type { Syncer } from '../../syncer/syncer.ts';
import { payOnce } from './customer.ts';
import { ENVIRONMENTS, type EnvironmentName, namespaceOf } from './inputs.ts';
import { type Pins, releaseImages, releaseOf } from './releases.ts';
import { type EnvironmentReport, type PromotionDemoResult, renderPromotionResult } from './report.ts';
import { createScratchRepository, type ScratchRepository } from './scratch-repository.ts';
import { playStory } from './story.ts';
import { openWorld, prepareCluster, readPins, runningImages, scratchManifests, type World } from './world.ts';

export interface PromotionDemoOptions {
  exit: boolean;
  json: boolean;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url)).replace(/\/$/, '');

/**
 * Three environments in one embedded cluster, a Git repository of this machine in GitHub's place and a small syncer in
 * Argo CD's: the promotion engine, the charts, the operator and the services are the real ones. Repository and cluster
 * live in a temporary directory, which goes when the demo ends.
 */
export async function runPromotionDemo({ exit, json }: PromotionDemoOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-promotion-'));
  const cleanUp = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  // Also at a second Ctrl-C, which waits for nothing.
  process.on('exit', cleanUp);
  const created = Promise.withResolvers<ScratchRepository>();
  const cluster = async () => {
    const repository = await createScratchRepository(directory, { sources: root, now: Date.now });
    created.resolve(repository);
    const manifests = scratchManifests(repository.work);
    return {
      ...{ stateDirectory: join(directory, 'cluster'), kafka: 'off' as const },
      images: releaseImages(root, process.execPath),
      awsRoles: awsRoles([...manifests.install, ...manifests.environments]),
    };
  };
  try {
    await onStage({ cluster, exit }, async (stage) => show(stage, await created.promise, json));
  } finally {
    cleanUp();
  }
}

/** @returns the syncer, which follows the repository until the end */
async function show(stage: Stage, repository: ScratchRepository, json: boolean): Promise<Syncer> {
  const { cluster, progress } = stage;
  const transport = createTransport(await kubeconfigFile(cluster.kubeconfigPath));
  let syncer: Syncer | undefined;
  const stop = async () => {
    await syncer?.stop();
    await transport.close();
  };
  try {
    const client = createClient({ transport, fieldManager: 'cofferdam-demo' });
    await prepareCluster(client, stage, scratchManifests(repository.work));
    progress.set('Git repository', 'ready', repository.origin);
    const world = await openWorld(client, stage, repository);
    syncer = world.syncer;
    const config = await readConfig(repository.clone, await repository.clone.head());
    const told = await playStory(world, config);
    const result: PromotionDemoResult = {
      seconds: Math.round(progress.elapsedMs / 100) / 10,
      repository: repository.origin,
      kubeconfig: cluster.kubeconfigPath,
      told,
      environments: await Promise.all(ENVIRONMENTS.map((name) => reportOf(name, world))),
    };
    progress.finish();
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : renderPromotionResult(result));
    return { ...syncer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function reportOf(
  name: EnvironmentName,
  { client, repository, syncer }: World,
): Promise<EnvironmentReport> {
  const [state, running, pins, { releases }] = await Promise.all([
    syncer.state(name, []),
    runningImages(client, name),
    readPins(repository.clone, name),
    history(repository.clone, { environment: name, source: ENVIRONMENTS[ENVIRONMENTS.indexOf(name) - 1] }),
  ]);
  const had: Pins[] = [];
  for (const { revision } of releases) had.push(await readPins(repository.clone, name, revision));
  return {
    ...{ name, namespace: namespaceOf(name), pins, running },
    release: releaseOf(running.vault) ?? 'another',
    sync: state?.sync ?? 'Unknown',
    health: state?.health ?? 'Unknown',
    history: releases
      .map(({ kind, pullRequest }, index) => ({
        ...{ release: releaseOf(had[index]?.['vault']) ?? 'another', kind },
        ...(pullRequest === undefined ? {} : { pullRequest }),
      }))
      .reverse(),
    payment: await payOnce(client, name),
  };
}
