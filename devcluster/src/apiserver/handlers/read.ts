import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, expired, notFound, StatusError } from '../errors.ts';
import type { KubeObject } from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf, selectionOf } from '../selectors/selection.ts';
import { keyOf } from '../storage/collection.ts';
import { type ContinueToken, readContinueToken, writeContinueToken } from './continue-token.ts';
import { checkListOptions } from './list-options.ts';

export function readObject(context: ServerContext, call: ResourceCall): KubeObject {
  const { resource, info } = call;
  const stored = context.store.get(resource.collection, namespaceOf(call), info.name);
  if (stored === undefined) throw notFound(resource, info.name);
  return stored;
}

/** The revision that a read shows: the newest one, but for a fault that makes it stale. */
function readRevision({ store }: ServerContext, call: ResourceCall): number {
  return Math.max(store.compactedRevision, store.revision - call.faults.staleByRevisions);
}

function readMaybeStale(context: ServerContext, call: ResourceCall): KubeObject {
  const { resource, info } = call;
  if (call.faults.staleByRevisions === 0) return readObject(context, call);
  const state = context.store.collection(resource.collection).at(readRevision(context, call));
  const found = state.get(keyOf(namespaceOf(call), info.name));
  if (found === undefined) throw notFound(resource, info.name);
  return found;
}

export function handleGet(context: ServerContext, call: ResourceCall): Reply {
  const wanted = parseRevision(call.query.get('resourceVersion') ?? '', badRequest);
  checkNotInFuture(context, wanted);
  return objectReply(200, viewOf(readMaybeStale(context, call), call.resource), call.resource);
}

/** @throws StatusError made by `refuse` when the text is no number */
export function parseRevision(text: string, refuse: (message: string) => StatusError): number {
  if (text === '') return 0;
  if (!/^\d+$/.test(text)) {
    throw refuse(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

function checkNotInFuture(context: ServerContext, wanted: number): void {
  if (wanted <= context.store.revision) return;
  throw new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${context.store.revision}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    headers: { 'retry-after': '1' },
  });
}

/** What a list shows, and at which revision. */
interface Snapshot {
  revision: number;
  keys: string[];
  get(key: string): KubeObject | undefined;
}

function snapshotAt(context: ServerContext, call: ResourceCall, revision: number): Snapshot {
  const { store } = context;
  const collection = store.collection(call.resource.collection);
  const namespace = namespaceOf(call);
  if (revision === store.revision) {
    return { revision, keys: collection.keys(namespace), get: (key) => collection.get(key) };
  }
  const state = collection.at(revision);
  const keys = [...state.keys()]
    .filter((key) => namespace === undefined || key.startsWith(`${namespace}/`))
    .sort();
  return { revision, keys, get: (key) => state.get(key) };
}

function chooseSnapshot(
  context: ServerContext,
  call: ResourceCall,
  token: ContinueToken | undefined,
): Snapshot {
  const { store } = context;
  const { query } = call;
  if (token !== undefined) {
    if (query.has('resourceVersion') && query.get('resourceVersion') !== '') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    // -1: the client asked to go on with the newest state after its token had expired.
    if (token.revision < 0) return snapshotAt(context, call, store.revision);
    if (token.revision < store.compactedRevision) {
      // The fresh token goes on from the same name in whatever is newest then.
      throw expired(CONTINUE_EXPIRED, { continue: writeContinueToken({ revision: -1, start: token.start }) });
    }
    return snapshotAt(context, call, token.revision);
  }
  const wanted = parseRevision(query.get('resourceVersion') ?? '', (m) =>
    badRequest(`invalid resource version: ${m}`),
  );
  checkNotInFuture(context, wanted);
  const exact = query.get('resourceVersionMatch') === 'Exact';
  if (!exact) return snapshotAt(context, call, readRevision(context, call));
  if (wanted < store.compactedRevision) {
    throw expired('The resourceVersion for the provided list is too old.');
  }
  return snapshotAt(context, call, wanted);
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
  'without the continue parameter, or use the continue token in this response to retrieve the remainder of the ' +
  'results. Continuing with the provided token results in an inconsistent list - objects that were created, ' +
  'modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export function handleList(context: ServerContext, call: ResourceCall): Reply {
  checkListOptions(call, false);
  const { query, resource } = call;
  const selection = selectionOf(call, resource);
  const limitText = query.get('limit') ?? '';
  if (limitText !== '' && !/^-?\d+$/.test(limitText)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(limitText)}: invalid syntax`);
  }
  const tokenText = query.get('continue') ?? '';
  const token = tokenText === '' ? undefined : readContinueToken(tokenText);
  const snapshot = chooseSnapshot(context, call, token);
  // A list at revision 0 is served from the watch cache, which knows no pages.
  const limit = query.get('resourceVersion') === '0' ? 0 : Math.max(0, Number(limitText));

  const items: KubeObject[] = [];
  let last: string | undefined;
  let more = 0;
  for (const key of snapshot.keys) {
    if (token !== undefined && key < token.start) continue;
    const stored = snapshot.get(key);
    if (stored === undefined || !selection.matches(viewOf(stored, resource))) continue;
    if (limit > 0 && items.length >= limit) {
      more += 1;
      continue;
    }
    items.push(viewOf(stored, resource));
    last = key;
  }
  const revision = token !== undefined && token.revision < 0 ? context.store.revision : snapshot.revision;
  return {
    type: 'list',
    list: {
      resource,
      items,
      resourceVersion: String(revision),
      ...(more > 0 && last !== undefined
        ? {
            continueToken: writeContinueToken({ revision, start: `${last}\u0000` }),
            // With a selector nobody has counted the rest.
            ...(selection.everything ? { remainingItemCount: more } : {}),
          }
        : {}),
    },
  };
}
