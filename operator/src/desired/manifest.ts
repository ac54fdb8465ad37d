import { apiVersionOf, type KubeObject, type ObjectMeta, type Resource } from '../engine/resource.ts';

/** One object that shall exist as it says. */
export type Manifest = { resource: Resource; object: KubeObject };

/** A manifest of a kind whose content beside metadata is `content` (`spec`, `data` ...). */
export function manifest(resource: Resource, metadata: ObjectMeta, content: object): Manifest {
  return {
    resource,
    object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...content },
  };
}
