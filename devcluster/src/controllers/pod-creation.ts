import { type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import type { ControllerContext } from './controller.ts';
import type { Pod, PodTemplate } from './objects.ts';
import { ownerReference } from './objects.ts';

type Owner = KubeObject & { metadata: Pod['metadata'] };

/** Creates a pod from its owner's template, under a name that the API server completes. */
export async function createPod(
  { client, events }: ControllerContext,
  owner: Owner,
  template: PodTemplate,
): Promise<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [ownerReference(owner, owner.apiVersion, owner.kind)],
    },
    spec: template.spec,
  };
  try {
    const pod = await client.create<Pod>(RESOURCES.pods, manifest as unknown as KubeObject);
    const message = `Created pod: ${pod.metadata.name}`;
    events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
    return pod;
  } catch (error) {
    const message = `Error creating: ${(error as Error).message}`;
    events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
    throw error;
  }
}

export async function deletePod(
  { client, events }: ControllerContext,
  owner: Owner,
  name: string,
): Promise<void> {
  const gone = await client.delete(RESOURCES.pods, { namespace: owner.metadata.namespace, name });
  if (gone === undefined) return;
  events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` });
}
