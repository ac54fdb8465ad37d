import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import { type Facts, type Manifest, planPaymentVault, planPSPConnector } from '@cofferdam/operator';
import type { CofferdamResource } from '../manifests/resource.ts';

/** What the operator learns from its cluster and a render has to be told. */
export interface RenderFacts {
  facts: Facts;
  /** ARN of the key that the vault is, or will be, bound to. */
  keyArn(vault: PaymentVault): string;
}

/** A resource and what it becomes. */
export interface Rendered {
  resource: CofferdamResource;
  manifests: Manifest[];
  /** Why the operator would apply nothing for it. */
  refused?: string;
}

/**
 * What the operator applies once every migration is complete and every key is bound. A connector whose vault is not
 * among the resources is refused.
 */
export function planResources(
  resources: readonly CofferdamResource[],
  { facts, keyArn }: RenderFacts,
): Rendered[] {
  const vaults = resources.filter((one): one is PaymentVault => one.kind === 'PaymentVault');
  const connectors = resources.filter((one): one is PSPConnector => one.kind === 'PSPConnector');
  const vaultOf = (connector: PSPConnector) =>
    vaults.find(
      ({ metadata }) =>
        metadata.name === connector.spec.vaultRef.name && metadata.namespace === connector.metadata.namespace,
    );
  const renderedConnectors = connectors.map((connector) => {
    const plan = planPSPConnector(connector, vaultOf(connector), facts);
    return 'refused' in plan
      ? { resource: connector, manifests: [], refused: `${plan.refused}: ${plan.message}` }
      : { resource: connector, manifests: plan.manifests };
  });
  const renderedVaults = vaults.map((vault) => {
    const its = renderedConnectors
      .filter(({ refused, resource }) => refused === undefined && vaultOf(resource) === vault)
      .map(({ resource }) => resource);
    return { resource: vault, manifests: planVault(vault, its, { facts, keyArn }) };
  });
  return [...renderedVaults, ...renderedConnectors];
}

function planVault(
  vault: PaymentVault,
  connectors: readonly PSPConnector[],
  { facts, keyArn }: RenderFacts,
): Manifest[] {
  const observed = { connectors, keyArn: keyArn(vault) };
  const { migrations } = planPaymentVault(vault, { ...observed, completedJobs: new Set() }, facts);
  const completedJobs = new Set([migrations.vault, migrations.router]);
  return planPaymentVault(vault, { ...observed, completedJobs }, facts).manifests;
}
