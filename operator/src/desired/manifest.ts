import type { HandedOver } from '../engine/hand-over.ts';
import { apiVersionOf, type KubeObject, type ObjectMeta, type Resource } from '../engine/resource.ts';

/** One object that shall exist as it says, but for fields that another controller sets. */
export type Manifest = { resource: Resource; object: KubeObject; handsOver?: readonly HandedOver[] };

/** A manifest of a kind whose content beside metadata is `content` (`spec`, `data` ...). */
export function manifest(resource: Resource, metadata: ObjectMeta, content: object): Manifest {
  return {
    resource,
    object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...content },
  };
}
