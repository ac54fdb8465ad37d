import { isKubeError, type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import { type ControllerContext, itself, type Running, read, startController } from './controller.ts';
import type { Namespace } from './objects.ts';

const ROOT_CA = 'kube-root-ca.crt';

/** Every namespace has a ServiceAccount `default` and the CA by which its pods know the API server. */
export function startServiceAccountController(context: ControllerContext, caPem: string): Running {
  const named = (name: string) => (object: KubeObject) =>
    object.metadata.name === name ? [object.metadata.namespace ?? ''] : [];
  const sources = [
    { resource: RESOURCES.namespaces, keys: itself },
    { resource: RESOURCES.serviceAccounts, keys: named('default') },
    { resource: RESOURCES.configMaps, keys: named(ROOT_CA) },
  ];
  return startController(context, 'serviceaccount', sources, async (_, namespace) => {
    const found = await read<Namespace>(context.client, RESOURCES.namespaces, '', namespace);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined;
    await ensure(context, RESOURCES.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
    await ensure(context, RESOURCES.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: ROOT_CA,
        namespace,
        annotations: {
          'kubernetes.io/description': 'Contains a CA bundle that can be used to verify the kube-apiserver.',
        },
      },
      data: { 'ca.crt': caPem },
    } as KubeObject);
    return undefined;
  });
}

async function ensure(
  { client }: ControllerContext,
  resource: typeof RESOURCES.configMaps | typeof RESOURCES.serviceAccounts,
  object: KubeObject,
): Promise<void> {
  const { namespace = '', name } = object.metadata;
  if ((await read(client, resource, namespace, name)) !== undefined) return;
  try {
    await client.create(resource, object);
  } catch (error) {
    // Forbidden: the namespace has begun to end since we looked.
    if (!isKubeError(error, 'already_exists', 'not_found', 'forbidden')) throw error;
  }
}
