import { applyJsonPatch } from '../../apimachinery/patch/json.ts';
import { applyMergePatch } from '../../apimachinery/patch/merge.ts';
import { PatchError } from '../../apimachinery/patch/patch-error.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { mediaTypeOf, parseBody } from '../decode/body.ts';
import { badRequest, internal, invalid } from '../errors.ts';
import { clone, isObject, type KubeObject, member, numberAt, objectAt, stringAt } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { viewOf } from '../resources/view.ts';
import { asStatusError, parsePatch, unsupportedPatch } from './patch.ts';
import { readObject } from './read.ts';
import { replaceObject } from './update.ts';
import { writeOptions } from './write-options.ts';

function steps(path: string): string[] {
  return path.replace(/^\./, '').split('.');
}

/** A label selector as text, as the scale subresource shows it. */
export function selectorText(selector: unknown): string {
  const labels = Object.entries(objectAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${value}`);
  const expressions = member(selector, 'matchExpressions');
  const more = (Array.isArray(expressions) ? expressions : []).map((expression: unknown) => {
    const key = stringAt(expression, 'key') ?? '';
    const values = member(expression, 'values');
    const list = Array.isArray(values) ? values.join(',') : '';
    switch (stringAt(expression, 'operator')) {
      case 'In':
        return `${key} in (${list})`;
      case 'NotIn':
        return `${key} notin (${list})`;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        return key;
    }
  });
  return [...labels.sort(), ...more].join(',');
}

/** What a Scale says, read from where the kind keeps it. */
function countsOf(
  resource: Resource,
  object: KubeObject,
): { spec: number; status: number; selector: string } {
  const paths = resource.custom?.scale;
  if (paths === undefined) {
    return {
      spec: numberAt(object, 'spec', 'replicas') ?? 0,
      status: numberAt(object, 'status', 'replicas') ?? 0,
      selector: selectorText(member(object, 'spec', 'selector')),
    };
  }
  const spec = numberAt(object, ...steps(paths.specReplicasPath));
  if (spec === undefined)
    throw internal(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`);
  const selector =
    paths.labelSelectorPath === undefined ? '' : stringAt(object, ...steps(paths.labelSelectorPath));
  return {
    spec,
    status: numberAt(object, ...steps(paths.statusReplicasPath)) ?? 0,
    selector: selector ?? '',
  };
}

function scaleOf(resource: Resource, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const counts = countsOf(resource, object);
  const metadata = Object.fromEntries(
    Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: metadata as KubeObject['metadata'],
    spec: counts.spec === 0 ? {} : { replicas: counts.spec },
    status: { replicas: counts.status, ...(counts.selector === '' ? {} : { selector: counts.selector }) },
  };
}

export function handleGetScale(context: ServerContext, call: ResourceCall): Reply {
  const { resource } = call;
  return objectReply(200, scaleOf(resource, viewOf(readObject(context, call), resource)));
}

/** The Scale that the client wants: its own on PUT, the patched one on PATCH. */
function wantedScale(call: ResourceCall, current: KubeObject): unknown {
  const about = (message: string): string =>
    `the object provided is unrecognized (must be of type Scale): ${message}`;
  if (call.method === 'PUT') return parseBody(call, about);
  const type = mediaTypeOf(call);
  const patch = parsePatch(call);
  try {
    if (type === 'application/json-patch+json') return applyJsonPatch(current, patch);
  } catch (error) {
    if (error instanceof PatchError) throw asStatusError(error);
    throw error;
  }
  if (type === 'application/merge-patch+json' || type === 'application/strategic-merge-patch+json') {
    return applyMergePatch(current, patch);
  }
  throw unsupportedPatch(call.resource);
}

function checkReplicas(resource: Resource, name: string, replicas: number): void {
  if (replicas >= 0) return;
  const paths = resource.custom?.scale;
  const [kind, field, detail] =
    paths === undefined
      ? [{ group: 'autoscaling', kind: 'Scale' }, 'spec.replicas', 'must be greater than or equal to 0']
      : [resource, paths.specReplicasPath, 'should be a non-negative integer'];
  const message = `Invalid value: ${replicas}: ${detail}`;
  throw invalid(kind, name, [{ reason: 'FieldValueInvalid', field, message }]);
}

export function handleWriteScale(context: ServerContext, call: ResourceCall): Reply {
  const options = writeOptions(call);
  const { resource, info } = call;
  const stored = readObject(context, call);
  const old = viewOf(stored, resource);
  const wanted = wantedScale(call, scaleOf(resource, old));
  if (!isObject(wanted)) throw badRequest('the object provided is no Scale');
  const replicas = numberAt(wanted, 'spec', 'replicas') ?? 0;
  checkReplicas(resource, info.name, replicas);
  const draft = clone(old);
  const path = steps(resource.custom?.scale?.specReplicasPath ?? '.spec.replicas');
  let parent: Record<string, unknown> = draft;
  for (const key of path.slice(0, -1)) {
    const inner = isObject(parent[key]) ? parent[key] : {};
    parent[key] = inner;
    parent = inner;
  }
  parent[path.at(-1) ?? 'replicas'] = replicas;
  const version = stringAt(wanted, 'metadata', 'resourceVersion');
  draft.metadata.resourceVersion =
    version === undefined || version === '' ? (old.metadata.resourceVersion ?? '') : version;
  const changed = replaceObject(context, call, stored, { draft, options });
  return objectReply(200, scaleOf(resource, changed));
}
