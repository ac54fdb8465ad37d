import type { ObservedConnector, ObservedDeployment, ObservedVault } from '../cluster/observed.ts';

/** One resource in a few words. */
export interface Summary {
  namespace: string;
  name: string;
  ready: string;
  available: string;
  reason: string;
  message: string;
  created: string;
}

export interface Component {
  /** `vault`, `router` or `connector`. */
  role: string;
  ready: number;
  wanted: number;
}

export interface ConnectorStatus extends Summary {
  vault: string;
  provider: string;
  components: Component[];
  accounts: { name: string; credentials: string; reachable: string; detail?: string | undefined }[];
}

export interface VaultStatus extends Summary {
  vaultId: string;
  key: { arn: string; origin: string } | null;
  topics: string[];
  components: Component[];
  connectors: ConnectorStatus[];
}

/** What `-o json` and `-o yaml` print; members are added and never renamed. */
export interface StatusReport {
  /** Every resource is Ready. */
  ready: boolean;
  vaults: VaultStatus[];
  /** Connectors whose PaymentVault is not there. */
  unbound: ConnectorStatus[];
}

export interface StatusObservation {
  vaults: readonly ObservedVault[];
  connectors: readonly ObservedConnector[];
  deployments: readonly ObservedDeployment[];
}

/** What is there, in the order of its names. */
export function statusReport(observed: StatusObservation): StatusReport {
  const connectors = observed.connectors
    .toSorted(byName)
    .map((connector) => connectorStatus(connector, observed.deployments));
  const vaults = observed.vaults
    .toSorted(byName)
    .map((vault) => vaultStatus(vault, connectors, observed.deployments));
  const bound = new Set(vaults.flatMap((vault) => vault.connectors));
  return {
    ready: [...vaults, ...connectors].every(({ ready }) => ready === 'True'),
    vaults,
    unbound: connectors.filter((connector) => !bound.has(connector)),
  };
}

function vaultStatus(
  vault: ObservedVault,
  connectors: readonly ConnectorStatus[],
  deployments: readonly ObservedDeployment[],
): VaultStatus {
  const summary = summaryOf(vault);
  const kms = vault.status?.kms;
  return {
    ...summary,
    vaultId: vault.spec.vaultId,
    key: kms?.keyArn === undefined ? null : { arn: kms.keyArn, origin: kms.origin ?? 'Unknown' },
    topics: (vault.status?.topics ?? []).map(({ name }) => name).sort(),
    components: componentsOf(vault, deployments),
    connectors: connectors.filter((one) => one.vault === summary.name && one.namespace === summary.namespace),
  };
}

function connectorStatus(
  connector: ObservedConnector,
  deployments: readonly ObservedDeployment[],
): ConnectorStatus {
  const { spec, status } = connector;
  return {
    ...summaryOf(connector),
    vault: spec.vaultRef.name,
    provider: spec.provider,
    components: componentsOf(connector, deployments),
    accounts: spec.accounts.map(
      ({ name }) =>
        status?.accounts?.find((account) => account.name === name) ?? {
          name,
          credentials: 'Unknown',
          reachable: 'Unknown',
        },
    ),
  };
}

function summaryOf(object: ObservedVault | ObservedConnector): Summary {
  const { namespace = '', name, generation = 0, creationTimestamp = '' } = object.metadata;
  const condition = (type: string) => object.status?.conditions?.find((one) => one.type === type);
  const common = { namespace, name, created: creationTimestamp };
  const available = condition('Available')?.status ?? 'Unknown';
  const ready = condition('Ready');
  // What was said of an older generation must not pass for what was asked since.
  if (ready === undefined || (object.status?.observedGeneration ?? 0) < generation) {
    const message = `the operator has not acted on generation ${generation} yet`;
    return { ...common, ready: 'Unknown', available, reason: 'NotObserved', message };
  }
  return { ...common, ready: ready.status, available, reason: ready.reason, message: ready.message };
}

/** A Deployment's role stands in its labels, and whose it is in its owner. */
function componentsOf(
  owner: ObservedVault | ObservedConnector,
  deployments: readonly ObservedDeployment[],
): Component[] {
  const { uid } = owner.metadata;
  const roles = owner.kind === 'PaymentVault' ? ['vault', 'router'] : ['connector'];
  return roles.map((role) => {
    const found = deployments.find(
      ({ metadata }) =>
        metadata.ownerReferences?.some((reference) => reference.uid === uid) &&
        metadata.labels?.['app.kubernetes.io/name'] === role,
    );
    return {
      role,
      ready: found?.status?.readyReplicas ?? 0,
      wanted: found === undefined ? 0 : (found.spec?.replicas ?? 1),
    };
  });
}

function byName(a: ObservedVault | ObservedConnector, b: ObservedVault | ObservedConnector): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
