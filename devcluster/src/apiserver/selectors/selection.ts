import type { Call, ResourceCall } from '../call.ts';
import type { KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { parseFieldSelector } from './fields.ts';
import { parseLabelSelector } from './labels.ts';

/** Which objects a list, watch or collection delete is about. */
export interface Selection {
  /** Only the namespace of the path counts. */
  everything: boolean;
  matches(object: KubeObject): boolean;
}

export function selectionOf(call: Call, resource: Resource): Selection {
  const labels = parseLabelSelector(call.query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(call.query.get('fieldSelector') ?? '', resource);
  return {
    everything: labels === undefined && fields === undefined,
    matches: (object) =>
      (labels === undefined || labels(object.metadata.labels)) && (fields === undefined || fields(object)),
  };
}

/** The namespace that a call is restricted to; undefined for all of them and for cluster-scoped resources. */
export function namespaceOf(call: ResourceCall): string | undefined {
  return call.resource.namespaced ? call.info.namespace : undefined;
}
