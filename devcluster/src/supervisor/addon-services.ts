import { isKubeError, type KubeClient, type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import { SERVICE_NAME_LABEL } from '../controllers/endpoint-slice-plan.ts';

export const ADDON_NAMESPACE = 'addons';

/** Something outside the cluster's pods that pods reach by a name. */
export type AddonService = { name: string; address: string; port: number };

/** A Service without selector and its EndpointSlice for each: `<name>.addons.svc`. */
export async function publishAddons(client: KubeClient, services: AddonService[]): Promise<void> {
  await createOnce(client, RESOURCES.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: ADDON_NAMESPACE },
  });
  await Promise.all(
    services.map(async ({ name, address, port }) => {
      const ports = [{ name: 'main', port, protocol: 'TCP' }];
      const service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: ADDON_NAMESPACE },
        spec: { ports },
      };
      const slice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace: ADDON_NAMESPACE, labels: { [SERVICE_NAME_LABEL]: name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
        ports,
      };
      await createOnce(client, RESOURCES.services, service);
      await createOnce(client, RESOURCES.endpointSlices, slice);
    }),
  );
}

type Creatable = Parameters<KubeClient['create']>[0];

async function createOnce(client: KubeClient, resource: Creatable, object: KubeObject): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!isKubeError(error, 'already_exists')) throw error;
  }
}
