import { RESOURCES } from '@cofferdam/operator/engine';
import type { Cluster } from '../cluster/connect.ts';
import {
  type ObservedConnector,
  type ObservedDeployment,
  type ObservedVault,
  PAYMENT_VAULTS,
  PSP_CONNECTORS,
} from '../cluster/observed.ts';
import type { StatusObservation } from './report.ts';

/** Three lists, whatever their length. `namespace` absent: all. */
export async function gatherStatus(
  { client }: Cluster,
  namespace: string | undefined,
): Promise<StatusObservation> {
  const [vaults, connectors, deployments] = await Promise.all([
    client.list<ObservedVault>(PAYMENT_VAULTS, { namespace }),
    client.list<ObservedConnector>(PSP_CONNECTORS, { namespace }),
    client.list<ObservedDeployment>(RESOURCES.deployments, {
      namespace,
      labelSelector: 'app.kubernetes.io/managed-by=cofferdam-operator',
    }),
  ]);
  return { vaults: vaults.items, connectors: connectors.items, deployments: deployments.items };
}
