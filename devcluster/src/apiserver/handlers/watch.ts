import type { ServerResponse } from 'node:http';
import type { ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, unclassified } from '../errors.ts';
import type { OpenStream } from '../faults/faults.ts';
import { isTrue } from '../http/request-info.ts';
import { warningHeaders } from '../http/respond.ts';
import { apiVersionOf, type KubeObject } from '../object.ts';
import { jsonOf, viewOf } from '../resources/view.ts';
import { namespaceOf, type Selection, selectionOf } from '../selectors/selection.ts';
import type { ChangeEvent, EventType } from '../storage/collection.ts';
import { checkListOptions, wantsInitialEvents } from './list-options.ts';
import { parseRevision } from './read.ts';

/** Beyond this much unsent text a watcher is too slow; it is cut off and will list again. */
const MAX_BACKLOG_BYTES = 32 * 1024 * 1024;

/** A longer timer would go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How the objects of a watch are written; Table and metadata-only watches have their own. */
export type WatchFormat = (type: EventType | 'BOOKMARK', object: KubeObject) => string;

export const plainFormat: WatchFormat = (type, object) => `{"type":"${type}","object":${jsonOf(object)}}\n`;

/** The lines of an event are the same for every watcher of a version: written once. */
const lines = new WeakMap<ChangeEvent, Map<string, string>>();

function sharedLine(event: ChangeEvent, type: EventType, object: KubeObject): string {
  const key = `${type} ${object.apiVersion}`;
  let known = lines.get(event);
  if (known === undefined) {
    known = new Map();
    lines.set(event, known);
  }
  let line = known.get(key);
  if (line === undefined) {
    line = plainFormat(type, object);
    known.set(key, line);
  }
  return line;
}

/** What the change looks like through a selector: an object that leaves it is deleted, one that enters is new. */
function seenThrough(
  event: ChangeEvent,
  call: ResourceCall,
  selection: Selection,
): [EventType, KubeObject] | undefined {
  const { resource } = call;
  const object = viewOf(event.object, resource);
  if (selection.everything) return [event.type, object];
  const before = event.previous !== undefined && selection.matches(viewOf(event.previous, resource));
  const after = event.type !== 'DELETED' && selection.matches(object);
  if (before && after) return ['MODIFIED', object];
  if (after) return ['ADDED', object];
  if (!before || event.previous === undefined) return undefined;
  // The last state that matched, at the revision of the change.
  const { resourceVersion } = event.object.metadata;
  const last = viewOf(event.previous, resource);
  return [
    'DELETED',
    {
      ...last,
      metadata: { ...last.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    },
  ];
}

/** @throws StatusError 400 */
function parseSeconds(text: string): number {
  if (text !== '' && !/^-?\d+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** Streams changes until the client leaves, the time is over or the server ends it. */
export class WatchStream implements OpenStream {
  readonly #context: ServerContext;
  readonly #call: ResourceCall;
  readonly #response: ServerResponse;
  readonly #format: WatchFormat;
  readonly #selection: Selection;
  readonly #namespace: string | undefined;
  #pending: string[] = [];
  #scheduled = false;
  #silent: boolean;
  #truncated = false;
  #onEnd: (() => void)[] = [];
  #initialLength = 0;

  constructor(context: ServerContext, call: ResourceCall, response: ServerResponse, format: WatchFormat) {
    checkListOptions(call, true);
    this.#context = context;
    this.#call = call;
    this.#response = response;
    this.#format = format;
    this.#selection = selectionOf(call, call.resource);
    this.#namespace = namespaceOf(call);
    this.#silent = call.faults.silentWatch;
  }

  get info(): ResourceCall['info'] {
    return this.#call.info;
  }

  get user(): ResourceCall['user'] {
    return this.#call.user;
  }

  /** @throws StatusError before anything is sent */
  start(): void {
    const { query, resource } = this.#call;
    const { store } = this.#context;
    const seconds = parseSeconds(query.get('timeoutSeconds') ?? '');
    const from = parseRevision(query.get('resourceVersion') ?? '', unclassified);
    this.#response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...warningHeaders(this.#call.warnings),
    });
    this.#response.flushHeaders();
    const initial = wantsInitialEvents(this.#call) || (from === 0 && !query.has('sendInitialEvents'));
    if (!initial && from !== 0 && from < store.compactedRevision) {
      this.#sendGone(from);
      return;
    }
    if (initial) this.#sendCurrent();
    else if (from > 0)
      for (const event of store.collection(resource.collection).since(from)) this.#onChange(event, from);
    this.#onEnd.push(store.collection(resource.collection).subscribe((event) => this.#onChange(event, from)));
    this.#bookmarkEveryMinute();
    const ms = (seconds > 0 ? seconds : 1800 + Math.random() * 1800) * 1000;
    const timer = setTimeout(() => this.end(), Math.min(ms, MAX_TIMER_MS));
    timer.unref();
    this.#onEnd.push(() => clearTimeout(timer));
    this.#context.faults.streams.add(this);
    this.#onEnd.push(() => this.#context.faults.streams.delete(this));
    this.#response.on('close', () => this.end());
    // A client that left before this was reached is not announced again.
    if (this.#response.destroyed) this.end();
  }

  end(): void {
    this.#flush();
    for (const undo of this.#onEnd.splice(0)) undo();
    if (!this.#response.writableEnded) this.#response.end();
  }

  /** From now on nothing comes any more, though the stream stays open. */
  silence(): void {
    this.#silent = true;
  }

  /** Cuts the connection, as a network failure would. */
  drop(): void {
    this.#response.destroy();
  }

  /** The next event ends in its middle, and the connection with it. */
  truncate(): void {
    this.#truncated = true;
  }

  #sendGone(from: number): void {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `too old resource version: ${from} (${this.#context.store.compactedRevision})`,
      reason: 'Expired',
      code: 410,
    };
    this.#send(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    this.end();
  }

  #sendCurrent(): void {
    const { resource, query } = this.#call;
    for (const stored of this.#context.store.list(resource.collection, this.#namespace)) {
      const object = viewOf(stored, resource);
      if (!this.#selection.matches(object)) continue;
      const line = this.#format('ADDED', object);
      this.#initialLength += line.length;
      this.#send(line);
    }
    if (wantsInitialEvents(this.#call) && isTrue(query.get('allowWatchBookmarks'))) {
      this.#sendBookmark({ 'k8s.io/initial-events-end': 'true' });
    }
  }

  #sendBookmark(annotations?: Record<string, string>): void {
    const { resource } = this.#call;
    const metadata = {
      resourceVersion: String(this.#context.store.revision),
      ...(annotations === undefined ? {} : { annotations }),
    };
    const object = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource.group, resource.version),
      metadata,
    };
    this.#send(this.#format('BOOKMARK', object as unknown as KubeObject));
  }

  #bookmarkEveryMinute(): void {
    if (!isTrue(this.#call.query.get('allowWatchBookmarks'))) return;
    const timer = setInterval(() => this.#sendBookmark(), 60_000);
    timer.unref();
    this.#onEnd.push(() => clearInterval(timer));
  }

  #onChange(event: ChangeEvent, from: number): void {
    if (event.revision <= from) return;
    if (this.#namespace !== undefined && event.object.metadata.namespace !== this.#namespace) return;
    const seen = seenThrough(event, this.#call, this.#selection);
    if (seen === undefined) return;
    const [type, object] = seen;
    const shared = this.#format === plainFormat && object === viewOf(event.object, this.#call.resource);
    this.#send(shared ? sharedLine(event, type, object) : this.#format(type, object));
  }

  /** Lines of one turn go out together. */
  #send(line: string): void {
    if (this.#silent) return;
    if (this.#truncated) {
      this.#silent = true;
      this.#response.write(line.slice(0, line.length / 2), () => this.drop());
      return;
    }
    this.#pending.push(line);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#pending.length === 0 || this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(this.#pending.join(''));
    this.#pending = [];
    // A large collection's first events are no sign of a slow watcher.
    if (this.#response.writableLength > MAX_BACKLOG_BYTES + this.#initialLength) this.drop();
  }
}
