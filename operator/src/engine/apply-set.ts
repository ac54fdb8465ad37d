import { createHash } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { covers } from './covers.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import { type KubeObject, keyOf, type OwnerReference, type Resource } from './resource.ts';

/** An object that shall be as it says, and where it lives. */
export type Wanted = { resource: Resource; object: KubeObject };
/** A cached child: whole, or only its metadata. */
export type Observed = { resource: Resource; object: KubeObject; metadataOnly: boolean };
export type Written = { verb: 'apply' | 'delete'; resource: Resource; object: KubeObject };
/** An object that the API server refused, or that belongs to somebody else (code `already_exists`). */
export type Refused = { item: Wanted; error: KubeError };

export type Converge = {
  owner: OwnerReference;
  wanted: readonly Wanted[];
  observed: readonly Observed[];
  /** Children that are left exactly as they are, such as a Deployment that waits for a migration. */
  kept?: (observed: Observed) => boolean;
};

export type ApplySet = {
  /**
   * Applies what is not yet as wanted, then deletes the children of `owner` that are neither wanted nor kept.
   * One refused object does not hold up the others; a failure that concerns them all is thrown.
   * @returns what was written (nothing, when everything was as wanted) and what was refused
   */
  converge(set: Converge): Promise<Outcome>;
};
type Outcome = { written: Written[]; refused: Refused[] };

/** The answer is about this one object, and the others can be gone on with. */
function isRefusal(error: unknown): error is KubeError {
  return isKubeError(error, 'invalid', 'forbidden', 'already_exists', 'conflict', 'not_found');
}

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
  /** Whether an object that nobody controls may become ours, as one that we made for an earlier owner may. */
  mayAdopt?: (existing: KubeObject) => boolean;
}): ApplySet {
  const { client, annotation, mayAdopt = () => false } = options;
  /** Version that each object had after our last apply: a metadata-only cache shows no more than that it moved. */
  const remembered = new Map<string, string>();

  function isAsWanted(wanted: Wanted, observed: Observed | undefined): boolean {
    if (observed === undefined || observed.object.metadata.deletionTimestamp !== undefined) return false;
    const { object } = observed;
    if (!covers({ metadata: object.metadata }, { metadata: wanted.object.metadata })) return false;
    if (!observed.metadataOnly && covers(object, wanted.object)) return true;
    // What we applied and nobody has touched since is as wanted, also where the server writes it in another way
    // (a quantity of 1000m is stored as 1).
    return remembered.get(`${identityOf(wanted)} ${object.metadata.uid}`) === versionOf(object);
  }

  /** Forced apply would quietly take over whatever has our name. */
  async function refuseForeign(item: Wanted, owner: OwnerReference): Promise<void> {
    const existing = await client.get(item.resource, item.object.metadata).catch((error) => {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    });
    if (existing === undefined) return;
    const owners = existing.metadata.ownerReferences ?? [];
    const ours = owners.some(({ uid }) => uid === owner.uid);
    if (ours || (!owners.some(({ controller }) => controller) && mayAdopt(existing))) return;
    throw new KubeError(
      'already_exists',
      `${item.resource.kind} ${keyOf(existing)} exists and belongs to somebody else: rename or delete it`,
    );
  }

  async function apply(item: Wanted, owner: OwnerReference, isNew: boolean): Promise<KubeObject> {
    if (isNew) await refuseForeign(item, owner);
    const applied = await client.apply(item.resource, item.object);
    remembered.set(`${identityOf(item)} ${applied.metadata.uid}`, versionOf(applied));
    return applied;
  }

  async function prune(set: Converge): Promise<Outcome> {
    const { owner, wanted, observed, kept = () => false } = set;
    const names = new Set(wanted.map(identityOf));
    const written: Written[] = [];
    const refused: Refused[] = [];
    for (const child of observed) {
      const { metadata } = child.object;
      const ours = metadata.ownerReferences?.some(({ uid }) => uid === owner.uid) ?? false;
      if (!ours || names.has(identityOf(child)) || metadata.deletionTimestamp !== undefined) continue;
      // An object that somebody else put under our owner was never applied by us.
      if (kept(child) || metadata.annotations?.[annotation] === undefined) continue;
      const { uid } = metadata;
      const precondition = uid === undefined ? {} : { uid };
      try {
        await client.delete(child.resource, metadata, { ...precondition, propagationPolicy: 'Background' });
        written.push({ verb: 'delete', ...child });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push({ item: child, error });
      }
    }
    return { written, refused };
  }

  return {
    async converge(set) {
      const { owner, wanted, observed } = set;
      const written: Written[] = [];
      const refused: Refused[] = [];
      const children = new Map(observed.map((child) => [identityOf(child), child]));
      for (const { resource, object } of wanted) {
        const item = { resource, object: stamped(object, owner, annotation) };
        const child = children.get(identityOf(item));
        if (isAsWanted(item, child)) continue;
        try {
          await apply(item, owner, child === undefined);
          written.push({ verb: 'apply', ...item });
        } catch (error) {
          if (!isRefusal(error)) throw error;
          refused.push({ item, error });
        }
      }
      const pruned = await prune(set);
      return { written: [...written, ...pruned.written], refused: [...refused, ...pruned.refused] };
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

export function ownerReferenceTo(object: {
  apiVersion: string;
  kind: string;
  metadata: { name: string; uid?: string | undefined };
}): OwnerReference {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    uid: object.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
