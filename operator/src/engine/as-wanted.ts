import type { KubeClient } from './client.ts';
import { covers } from './covers.ts';
import { type HandedOver, isHeld } from './hand-over.ts';
import { isKubeError } from './kube-error.ts';
import { ownedFields, ownsAll } from './owned-fields.ts';
import type { KubeObject, Resource } from './resource.ts';

type Item = { resource: Resource; object: KubeObject; handsOver?: readonly HandedOver[] };

export type AsWanted = {
  /** Whether an apply would change nothing. A cached part of an object nearly always suffices; else it is read once. */
  is(item: Item, seen: { object: KubeObject; partial: boolean }): Promise<boolean>;
  /** What the API server made of an apply is as wanted, however it writes it. */
  applied(item: Item, answer: KubeObject): void;
};

/** Only objects whose ownership tells nothing, as where something strips managedFields. */
const REMEMBERED = 10_000;

export function createAsWanted(options: {
  client: KubeClient;
  manager: string;
  annotation: string;
}): AsWanted {
  const { client, manager, annotation } = options;
  /** UID to the version that was found, or left, as wanted. */
  const known = new Map<string, string>();

  function remember({ metadata: { uid = '' } }: KubeObject, version: string): void {
    known.delete(uid);
    known.set(uid, version);
    const oldest = known.keys().next();
    if (known.size > REMEMBERED && !oldest.done) known.delete(oldest.value);
  }

  function isStillOurs(item: Item, object: KubeObject): boolean {
    const owned = ownedFields(object, manager);
    return owned !== undefined && ownsAll(owned, item.object);
  }

  return {
    async is(item, { object, partial }) {
      const { annotations, labels, ownerReferences, deletionTimestamp, uid = '' } = object.metadata;
      const wanted = item.object.metadata;
      if (deletionTimestamp !== undefined) return false;
      if (annotations?.[annotation] !== wanted.annotations?.[annotation]) return false;
      if (
        !covers(
          { labels, ownerReferences },
          { labels: wanted.labels, ownerReferences: wanted.ownerReferences },
        )
      )
        return false;
      if (isHeld(object, manager, item.handsOver ?? [])) return false;
      if (isStillOurs(item, object)) return true;
      // What we applied and nobody has touched since is as wanted, also where the server writes it in another way
      // (a quantity of 1000m is stored as 1).
      if (known.get(uid) === versionOf(object)) return true;
      const whole = partial ? await read(client, item) : object;
      if (whole === undefined || whole.metadata.uid !== object.metadata.uid) return false;
      if (!covers(whole, item.object)) return false;
      remember(whole, versionOf(whole));
      return true;
    },
    applied(item, answer) {
      if (isStillOurs(item, answer)) known.delete(answer.metadata.uid ?? '');
      else remember(answer, versionOf(answer));
    },
  };
}

async function read(client: KubeClient, { resource, object }: Item): Promise<KubeObject | undefined> {
  return client.get(resource, object.metadata).catch((error) => {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  });
}

/** A generation moves with the content only; where a kind has none, every write moves the resourceVersion. */
function versionOf(object: KubeObject): string {
  const { generation, resourceVersion } = object.metadata;
  return generation === undefined ? `resourceVersion ${resourceVersion}` : `generation ${generation}`;
}
