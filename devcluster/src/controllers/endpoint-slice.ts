import { type KubeObject, keyOf, RESOURCES } from '@cofferdam/operator/engine';
import { type ControllerContext, itself, type Running, read, startController } from './controller.ts';
import {
  MANAGED_BY_LABEL,
  MANAGER,
  planEndpointSlices,
  SERVICE_NAME_LABEL,
  type SliceContent,
  sliceHas,
} from './endpoint-slice-plan.ts';
import type { EndpointSlice, Pod, Service } from './objects.ts';
import { ownerReference } from './objects.ts';
import { selects } from './selector.ts';

/** Keeps the EndpointSlices of every Service with a selector. */
export function startEndpointSliceController(context: ControllerContext): Running {
  const services = (pod: KubeObject): string[] =>
    context.watches
      .of<Service>(RESOURCES.services)
      .store.list()
      .filter(
        ({ metadata, spec }) =>
          metadata.namespace === pod.metadata.namespace &&
          spec.selector !== undefined &&
          selects({ matchLabels: spec.selector }, pod.metadata.labels),
      )
      .map(keyOf);
  const ofSlice = ({ metadata }: KubeObject): string[] => {
    const service = metadata.labels?.[SERVICE_NAME_LABEL];
    const ours = metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
    return ours && service !== undefined ? [`${metadata.namespace}/${service}`] : [];
  };
  const sources = [
    { resource: RESOURCES.services, keys: itself },
    { resource: RESOURCES.pods, keys: services },
    { resource: RESOURCES.endpointSlices, keys: ofSlice },
  ];
  return startController(context, 'endpointslice', sources, async (namespace, name) => {
    await reconcile(context, namespace, name);
    return undefined;
  });
}

async function reconcile({ client }: ControllerContext, namespace: string, name: string): Promise<void> {
  const service = await read<Service>(client, RESOURCES.services, namespace, name);
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
  const { selector, type } = service.spec;
  if (selector === undefined || type === 'ExternalName') return;
  const { items: pods } = await client.list<Pod>(RESOURCES.pods, { namespace });
  const selected = pods.filter((pod) => selects({ matchLabels: selector }, pod.metadata.labels));
  const wanted = planEndpointSlices(service, selected);
  const { items } = await client.list<EndpointSlice>(RESOURCES.endpointSlices, {
    namespace,
    labelSelector: `${SERVICE_NAME_LABEL}=${name},${MANAGED_BY_LABEL}=${MANAGER}`,
  });
  const spare = items.filter((slice) => !wanted.some((content) => sliceHas(slice, content)));
  for (const content of wanted.filter((each) => !items.some((slice) => sliceHas(slice, each)))) {
    const reused = spare.pop();
    const manifest = sliceOf(service, content, reused?.metadata);
    if (reused === undefined) await client.create(RESOURCES.endpointSlices, manifest);
    else await client.update(RESOURCES.endpointSlices, manifest);
  }
  for (const slice of spare) {
    await client.delete(RESOURCES.endpointSlices, { namespace, name: slice.metadata.name });
  }
}

function sliceOf(
  service: Service,
  content: SliceContent,
  existing: EndpointSlice['metadata'] | undefined,
): KubeObject {
  const { name, namespace } = service.metadata;
  const identity =
    existing === undefined
      ? { generateName: `${name}-` }
      : { name: existing.name, resourceVersion: existing.resourceVersion };
  const labels = { ...service.metadata.labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MANAGER };
  const manifest = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...identity, namespace, labels, ownerReferences: [ownerReference(service, 'v1', 'Service')] },
    addressType: 'IPv4',
    ...content,
  };
  return manifest as unknown as KubeObject;
}
