import { validateCustomResourceDefinition } from '../../apimachinery/crd/custom-resource-definition.ts';
import { timestamp } from '../context.ts';
import { isObject, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill } from './draft.ts';

/** Holds a deleted CRD until its objects are gone. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

function storageVersion(object: KubeObject): string | undefined {
  const version = listAt(object, 'spec', 'versions').find((v) => isObject(v) && v['storage'] === true);
  return stringAt(version, 'name');
}

/** The versions that objects may be stored in: every one that ever was the storage version. */
function storedVersions(object: KubeObject, before: unknown[]): unknown[] {
  const current = storageVersion(object);
  return current === undefined || before.includes(current) ? before : [...before, current];
}

export const customResourceDefinition: KindRules = {
  unconditionalUpdate: false,
  defaults(draft) {
    const spec = child(draft, 'spec');
    const names = child(spec, 'names');
    const kind = stringAt(names, 'kind') ?? '';
    if (kind !== '') fill(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
    fill(child(spec, 'conversion'), { strategy: 'None' });
    if (spec['preserveUnknownFields'] === false) delete spec['preserveUnknownFields'];
  },
  prepareCreate(draft) {
    draft['status'] = {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: storedVersions(draft, []),
    };
  },
  prepareUpdate(draft, _old, subresource) {
    if (subresource !== '') return;
    const status = objectAt(draft, 'status');
    draft['status'] = { ...status, storedVersions: storedVersions(draft, listAt(status, 'storedVersions')) };
  },
  validate: (object) => validateCustomResourceDefinition(object),
  validateUpdate: (object, old) => validateCustomResourceDefinition(object, old),
  // Its objects have to go first; nothing else of a usual deletion happens to it.
  markDeleted(object, now) {
    const { metadata } = object;
    const finalizers = metadata.finalizers ?? [];
    const conditions = listAt(object, 'status', 'conditions');
    const pending = {
      type: 'Terminating',
      status: 'True',
      lastTransitionTime: timestamp(now),
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    };
    return {
      ...object,
      metadata: {
        ...metadata,
        deletionTimestamp: timestamp(now),
        finalizers: finalizers.includes(CLEANUP) ? finalizers : [...finalizers, CLEANUP],
      },
      status: { ...objectAt(object, 'status'), conditions: [...conditions, pending] },
    };
  },
};
