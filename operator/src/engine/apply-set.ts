import { createHash } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { covers } from './covers.ts';
import { type KubeObject, keyOf, type OwnerReference, type Resource } from './resource.ts';

/** An object that shall be as it says, and where it lives. */
export type Wanted = { resource: Resource; object: KubeObject };
/** A cached child: whole, or only its metadata. */
export type Observed = { resource: Resource; object: KubeObject; metadataOnly: boolean };

export type ApplySet = {
  /**
   * Applies what is not yet as wanted, deletes children of `owner` that are neither wanted nor kept.
   * @returns what was written; empty when everything was as wanted
   */
  converge(options: {
    owner: OwnerReference;
    wanted: readonly Wanted[];
    observed: readonly Observed[];
    /** Children that are left exactly as they are, such as a Deployment that waits for a migration. */
    kept?: (observed: Observed) => boolean;
  }): Promise<Written[]>;
};
export type Written = { verb: 'apply' | 'delete'; resource: Resource; object: KubeObject };

/** `kind.group namespace/name`. */
export function identityOf(item: { resource: Resource; object: KubeObject }): string {
  return `${item.resource.kind}.${item.resource.group} ${keyOf(item.object)}`;
}

export function createApplySet(options: {
  client: KubeClient;
  /**
   * Annotation for the digest of what was applied last: a restarted process knows a no-op when it sees one, and a
   * field that is no longer wanted is noticed.
   */
  annotation: string;
}): ApplySet {
  const { client, annotation } = options;
  /** Version that each object had after our last apply: a metadata-only cache shows no more than that it moved. */
  const remembered = new Map<string, string>();

  function isAsWanted(wanted: Wanted, observed: Observed | undefined): boolean {
    if (observed === undefined || observed.object.metadata.deletionTimestamp !== undefined) return false;
    const { object } = observed;
    if (!covers({ metadata: object.metadata }, { metadata: wanted.object.metadata })) return false;
    if (!observed.metadataOnly) return covers(object, wanted.object);
    return remembered.get(`${identityOf(wanted)} ${object.metadata.uid}`) === versionOf(object);
  }

  return {
    async converge({ owner, wanted, observed, kept = () => false }) {
      const written: Written[] = [];
      const children = new Map(observed.map((child) => [identityOf(child), child]));
      const names = new Set(wanted.map(identityOf));
      for (const item of wanted) {
        const object = stamped(item.object, owner, annotation);
        const stampedItem = { ...item, object };
        if (isAsWanted(stampedItem, children.get(identityOf(item)))) continue;
        const applied = await client.apply(item.resource, object);
        remembered.set(`${identityOf(item)} ${applied.metadata.uid}`, versionOf(applied));
        written.push({ verb: 'apply', ...stampedItem });
      }
      for (const child of observed) {
        const { metadata } = child.object;
        const ours = metadata.ownerReferences?.some((reference) => reference.uid === owner.uid) ?? false;
        if (!ours || names.has(identityOf(child)) || kept(child) || metadata.deletionTimestamp !== undefined)
          continue;
        await client.delete(child.resource, metadata, {
          ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
          propagationPolicy: 'Background',
        });
        written.push({ verb: 'delete', ...child });
      }
      return written;
    },
  };
}

/** A generation moves with the content only; where a kind has none, every write moves the resourceVersion. */
function versionOf(object: KubeObject): string {
  const { generation, resourceVersion } = object.metadata;
  return generation === undefined ? `resourceVersion ${resourceVersion}` : `generation ${generation}`;
}

function stamped(object: KubeObject, owner: OwnerReference, annotation: string): KubeObject {
  const digest = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [annotation]: digest },
      ownerReferences: [owner],
    },
  };
}

export function ownerReferenceTo(object: KubeObject): OwnerReference {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
