import { type ManagedFields, ownedFields } from './owned-fields.ts';
import type { KubeObject, ObjectMeta } from './resource.ts';

/** What a cache keeps of an object. */
export type Trim<T extends KubeObject> = (object: T) => T;

/** Equal values once: the children of one owner share its reference and their labels, those of a kind their fields. */
export type Intern = <V>(value: V) => V;

/** Beyond this many different values the table is begun again: they are few, unless somebody makes them many. */
const MOST_INTERNED = 50_000;

/** One for all caches of a process: what is equal is so across kinds. */
export function createIntern(): Intern {
  /** Texts by themselves; all else by the hash of its JSON, since the texts would be larger than what they save. */
  let known = new Map<string | number, unknown>();
  const remember = <V>(key: string | number, value: V): V => {
    if (known.size >= MOST_INTERNED) known = new Map();
    known.set(key, value);
    return value;
  };
  return <V>(value: V): V => {
    if (value === undefined) return value;
    if (typeof value === 'string') return (known.get(value) as V | undefined) ?? remember(value, value);
    const json = JSON.stringify(value);
    const hash = hashOf(json);
    const before = known.get(hash);
    return before !== undefined && JSON.stringify(before) === json ? (before as V) : remember(hash, value);
  };
}

/** FNV-1a of the UTF-16 units. Not for keeping anybody out: what has the same hash is compared. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** Written by kubectl: the whole object once more. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * managedFields are half of an object's bytes. Of them only what `manager` itself applied is kept, without the owner's
 * UID, so that it is the same for all objects of one shape: it tells whether somebody has changed them.
 */
export function createTrim<T extends KubeObject>(options: {
  /** Keep nothing but what says who, which version and whose an object is. */
  metadataOnly?: boolean;
  /** Whose field set is kept. */
  manager?: string | undefined;
  /** With `metadataOnly`: the annotations that are kept. Default: all. */
  annotations?: ((name: string) => boolean) | undefined;
  /** What is kept of it at all, as of a kind whose status alone is read, and what of that many have alike. */
  content?: ((object: T, intern: Intern) => Pick<T, 'metadata'>) | undefined;
  intern?: Intern;
}): Trim<T> {
  const { manager, annotations = () => true, intern = createIntern() } = options;

  function ownEntry(object: T): ManagedFields[] | undefined {
    const owned = manager === undefined ? undefined : ownedFields(object, manager);
    if (manager === undefined || owned === undefined) return undefined;
    const { 'f:ownerReferences': _, ...metadata } = owned['f:metadata'] ?? {};
    return intern([{ manager, operation: 'Apply', fieldsV1: { ...owned, 'f:metadata': metadata } }]);
  }

  function keptAnnotations(all: ObjectMeta['annotations']): ObjectMeta['annotations'] {
    if (all === undefined) return undefined;
    const kept = Object.entries(all).filter(([name]) => name !== LAST_APPLIED && annotations(name));
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }

  return (object) => {
    const body = options.content === undefined ? object : options.content(object, intern);
    const { managedFields: _, annotations: all, ...rest } = body.metadata;
    const own = ownEntry(object);
    const kept = options.metadataOnly ? keptAnnotations(all) : withoutLastApplied(all);
    const extra = {
      ...(kept === undefined ? {} : { annotations: kept }),
      ...(own === undefined ? {} : { managedFields: own }),
    };
    if (!options.metadataOnly) {
      const { name, namespace, labels, ownerReferences, finalizers } = rest;
      const shared = {
        name: intern(name),
        ...(namespace === undefined ? {} : { namespace: intern(namespace) }),
        ...(labels === undefined ? {} : { labels: intern(labels) }),
        ...(ownerReferences === undefined ? {} : { ownerReferences: intern(ownerReferences) }),
        ...(finalizers === undefined ? {} : { finalizers: intern(finalizers) }),
      };
      const [apiVersion, kind] = [intern(object.apiVersion), intern(object.kind)];
      return { ...body, apiVersion, kind, metadata: { ...rest, ...shared, ...extra } } as T;
    }
    const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = rest;
    const metadata = {
      name: intern(name),
      ...(namespace === undefined ? {} : { namespace: intern(namespace) }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(generation === undefined ? {} : { generation }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(rest.labels === undefined ? {} : { labels: intern(rest.labels) }),
      ...(rest.ownerReferences === undefined ? {} : { ownerReferences: intern(rest.ownerReferences) }),
      ...extra,
    };
    return { apiVersion: intern(object.apiVersion), kind: intern(object.kind), metadata } as T;
  };
}

function withoutLastApplied(all: ObjectMeta['annotations']): ObjectMeta['annotations'] {
  if (all?.[LAST_APPLIED] === undefined) return all;
  const { [LAST_APPLIED]: _, ...kept } = all;
  return kept;
}
