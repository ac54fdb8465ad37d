import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AsWanted, createAsWanted } from './as-wanted.ts';
import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { type HandedOver, handOver, isHeld, withInitial } from './hand-over.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import { ownedFields } from './owned-fields.ts';
import { createRefusals, isImmutableField } from './refusals.ts';
import { type KubeObject, keyOf, type OwnerReference, type Resource } from './resource.ts';

/** An object that shall be as it says, and where it lives. */
export type Wanted = { resource: Resource; object: KubeObject; handsOver?: readonly HandedOver[] };
/** A cached child: whole, or only a part of it. */
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
   *
   * @returns what was written (nothing, when everything was as wanted) and what was refused
   * @throws KubeError `conflict`, after the rest is done: the plan stood on an older version of an object
   */
  converge(set: Converge): Promise<Outcome>;
};
type Outcome = { written: Written[]; refused: Refused[] };

export type ApplySetOptions = {
  client: KubeClient;
  /** The client's field manager: what it owns tells whether somebody has changed it. */
  manager?: string;
  /**
   * Annotation for the digest of what was applied last: a restarted process knows a no-op when it sees one, and a
   * field that is no longer wanted is noticed.
   */
  annotation: string;
  /** Whether an object that nobody controls may become ours, as one that we made for an earlier owner may. */
  mayAdopt?: (existing: KubeObject) => boolean;
  /** Whether an object may be deleted and made again to change a field that is immutable. Default: none. */
  mayReplace?: (resource: Resource) => boolean;
  clock?: Clock;
};

/** `kind.group namespace/name`. */
export function identityOf(item: { resource: Resource; object: KubeObject }): string {
  return `${item.resource.kind}.${item.resource.group} ${keyOf(item.object)}`;
}

/** The answer is about this one object, and the others can be gone on with. */
function isRefusal(error: unknown): error is KubeError {
  return isKubeError(error, 'invalid', 'forbidden', 'already_exists', 'conflict', 'not_found');
}

export function createApplySet(options: ApplySetOptions): ApplySet {
  const { client, annotation, manager = 'cofferdam', clock = systemClock } = options;
  const { mayAdopt = () => false, mayReplace = () => false } = options;
  const refusals = createRefusals(clock);
  const asWanted: AsWanted = createAsWanted({ client, manager, annotation });

  /** What stands where a child of ours shall be. Forced apply would quietly take over whatever has our name. */
  async function existing(item: Wanted, owner: OwnerReference): Promise<KubeObject | undefined> {
    const found = await client.get(item.resource, item.object.metadata).catch((error) => {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    const owners = found.metadata.ownerReferences ?? [];
    const ours = owners.some(({ uid }) => uid === owner.uid);
    if (ours || (!owners.some(({ controller }) => controller) && mayAdopt(found))) return found;
    throw new KubeError(
      'already_exists',
      `${item.resource.kind} ${keyOf(found)} exists and belongs to somebody else: rename or delete it`,
    );
  }

  /** On the version that the plan stands on: a late one fails, also when the object is gone by now. */
  async function applyOn(item: Wanted, base: KubeObject): Promise<KubeObject> {
    const { uid, resourceVersion } = base.metadata;
    const metadata = {
      ...item.object.metadata,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    return client.apply(item.resource, { ...item.object, metadata });
  }

  async function apply(item: Wanted, base: KubeObject | undefined): Promise<KubeObject> {
    const { resource, handsOver = [] } = item;
    if (base === undefined) return client.apply(resource, withInitial(item.object, handsOver));
    const given = isHeld(base, manager, handsOver)
      ? await handOver(client, { resource, object: base, manager }, handsOver)
      : base;
    try {
      return await applyOn(item, given);
    } catch (error) {
      if (!isKubeError(error, 'conflict')) throw error;
      // A status is written every few seconds by others; what the plan is about is still as it was.
      const fresh = await client.get(resource, item.object.metadata).catch(() => undefined);
      if (fresh === undefined || !isSameContent(fresh, base)) throw error;
      return applyOn(item, fresh);
    }
  }

  function isSameContent(fresh: KubeObject, base: KubeObject): boolean {
    const said = ({ metadata }: KubeObject) => [
      metadata.uid,
      metadata.generation,
      metadata.annotations?.[annotation],
      metadata.deletionTimestamp,
    ];
    const owned = ownedFields(fresh, manager);
    if (owned === undefined) return false;
    const { 'f:metadata': _, ...content } = owned;
    const { 'f:metadata': __, ...before } = ownedFields(base, manager) ?? {};
    return isDeepStrictEqual(said(fresh), said(base)) && isDeepStrictEqual(content, before);
  }

  /** Makes one object as wanted. @returns what was written; undefined when there was nothing to do, or not yet */
  async function settle(
    item: Wanted,
    child: Observed | undefined,
    owner: OwnerReference,
  ): Promise<Written | undefined> {
    const base = child?.object ?? (await existing(item, owner));
    const id = identityOf(item);
    if (base !== undefined) {
      if (await asWanted.is(item, { object: base, partial: child?.metadataOnly ?? false })) return undefined;
      // It goes, whatever is applied to it; its deletion is the event to make it again.
      if (base.metadata.deletionTimestamp !== undefined) return undefined;
    }
    const what = `${item.object.metadata.annotations?.[annotation]} ${base?.metadata.uid}`;
    const standing = refusals.standing(id, what);
    if (standing !== undefined) throw standing;
    try {
      asWanted.applied(item, await apply(item, base));
      refusals.forget(id);
      return { verb: 'apply', ...item };
    } catch (error) {
      if (base !== undefined && isImmutableField(error) && mayReplace(item.resource)) {
        await remove(item.resource, base);
        return { verb: 'delete', ...item };
      }
      if (isKubeError(error, 'invalid', 'forbidden')) refusals.refused(id, what, error);
      throw error;
    }
  }

  async function remove(resource: Resource, { metadata }: KubeObject): Promise<void> {
    const { uid } = metadata;
    await client.delete(resource, metadata, {
      ...(uid === undefined ? {} : { uid }),
      propagationPolicy: 'Background',
    });
  }

  function mustGo(child: Observed, set: Converge, names: ReadonlySet<string>): boolean {
    const { metadata } = child.object;
    const ours = metadata.ownerReferences?.some(({ uid }) => uid === set.owner.uid) ?? false;
    if (!ours || names.has(identityOf(child)) || metadata.deletionTimestamp !== undefined) return false;
    // An object that somebody else put under our owner was never applied by us.
    return !set.kept?.(child) && metadata.annotations?.[annotation] !== undefined;
  }

  return {
    async converge(set) {
      const { owner, wanted, observed } = set;
      const written: Written[] = [];
      const refused: Refused[] = [];
      const children = new Map(observed.map((child) => [identityOf(child), child]));
      const attempt = async (item: Wanted, act: () => Promise<Written | undefined>) => {
        try {
          const done = await act();
          if (done !== undefined) written.push(done);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          refused.push({ item, error });
        }
      };
      for (const one of wanted) {
        const item = { ...one, object: stamped(one.object, owner, annotation) };
        await attempt(item, () => settle(item, children.get(identityOf(item)), owner));
      }
      const names = new Set(wanted.map(identityOf));
      for (const child of observed.filter((one) => mustGo(one, set, names))) {
        await attempt(child, async () => {
          await remove(child.resource, child.object);
          return { verb: 'delete', ...child };
        });
      }
      const late = refused.find(({ error }) => error.code === 'conflict');
      if (late !== undefined) throw late.error;
      return { written, refused };
    },
  };
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
