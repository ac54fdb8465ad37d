import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { planPSPConnector } from '../../src/desired/psp-connector.ts';
import type { KubeObject } from '../../src/engine/index.ts';
import { type Pod, type World, worldOf } from '../../src/network/index.ts';
import { type ReadConnector, type ReadVault, readConnector, readVault } from '../../src/reconcile/parse.ts';
import { facts } from '../fixtures.ts';

/** What `environments/<name>/rendered` holds. */
export function readRendered(name: string): KubeObject[] {
  const directory = new URL(`../../../environments/${name}/rendered/`, import.meta.url);
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file): KubeObject => parse(readFileSync(new URL(file, directory), 'utf8')));
}

/** A cluster as far as NetworkPolicies see it: these objects, and what the operator makes of the resources among them. */
export type PlannedCluster = {
  world: World;
  /** A pod of a workload, by namespace and workload; the migration Jobs without their digest. */
  pod: (namespace: string, workload: string) => Pod;
};

export function plannedCluster(objects: readonly KubeObject[]): PlannedCluster {
  const vaults = objects.filter(({ kind }) => kind === 'PaymentVault').map(readVault);
  const connectors = objects.filter(({ kind }) => kind === 'PSPConnector').map(readConnector);
  const { world, pods } = worldOf([...objects, ...plannedChildren(vaults, connectors)]);
  const named = new Map(
    pods.map((pod, index) => [
      `${pod.namespace}/${pod.name.replace(/-migrate-[0-9a-z]+$/, '-migrate')}`,
      // As the embedded cluster does: an address in the range of its pods.
      { ...pod, address: `127.80.0.${index + 1}` },
    ]),
  );
  return {
    world,
    pod: (namespace, workload) => {
      const found = named.get(`${namespace}/${workload}`);
      if (found === undefined) throw new Error(`no ${namespace}/${workload}: there are ${[...named.keys()]}`);
      return found;
    },
  };
}

/** Every child, with migrations done and the key bound. */
function plannedChildren(vaults: ReadVault[], connectors: ReadConnector[]): KubeObject[] {
  const ofVaults = vaults.flatMap((vault) => {
    const plan = (completedJobs: Set<string>) =>
      planPaymentVault(
        vault,
        { connectors, completedJobs, keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1' },
        facts,
      );
    const { migrations } = plan(new Set());
    return plan(new Set([migrations.vault, migrations.router])).manifests;
  });
  const ofConnectors = connectors.flatMap((connector) => {
    const { name } = connector.spec.vaultRef;
    const vault = vaults.find(
      ({ metadata }) => metadata.name === name && metadata.namespace === connector.metadata.namespace,
    );
    const plan = planPSPConnector(connector, vault, facts);
    if (!('manifests' in plan)) throw new Error(plan.message);
    return plan.manifests;
  });
  return [...ofVaults, ...ofConnectors].map(({ object }) => object);
}
