import { KubeError } from './kube-error.ts';
import {
  apiVersionOf,
  type KubeList,
  type KubeObject,
  type ObjectKey,
  type Resource,
  resourcePath,
  type WatchEvent,
} from './resource.ts';
import type { Transport } from './transport.ts';

type RequestOptions = { signal?: AbortSignal | undefined; timeoutMs?: number };
type WriteOptions = RequestOptions & { subresource?: string; dryRun?: boolean; fieldManager?: string };

export type ListOptions = RequestOptions & {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Size of a page. Default 500. */
  limit?: number;
  /** Only apiVersion, kind and metadata of each object. */
  metadataOnly?: boolean | undefined;
  /** What is kept of each item as its page arrives; pages of whole objects are big. */
  each?: ((item: never) => unknown) | undefined;
};

export type WatchOptions = Omit<ListOptions, 'limit' | 'timeoutMs' | 'each'> & {
  /** Where to resume. Empty with `initialEvents`: from the newest state on. */
  resourceVersion: string;
  /** WatchList: what is there comes first as ADDED events, then a bookmark that `endsInitialEvents`. */
  initialEvents?: boolean;
  /** When the server shall end the watch. */
  timeoutSeconds: number;
};

export type ApplyOptions = WriteOptions & {
  /** Takes over fields of other managers. Default true: what the plan says is ours. */
  force?: boolean;
};

export type PatchBody =
  | { type: 'merge'; body: unknown }
  | { type: 'json'; body: readonly unknown[] }
  | { type: 'strategic'; body: unknown };

export type DeleteOptions = RequestOptions & {
  /** Preconditions: the delete is a conflict when the object is another one by now. */
  uid?: string;
  resourceVersion?: string;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
};

/** The Kubernetes API, as raw JSON. Every method throws KubeError. */
export type KubeClient = {
  readonly transport: Transport;
  get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options?: RequestOptions & { subresource?: string },
  ): Promise<T>;
  /** All pages in one list; starts over when the continue token expires between two pages. */
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<T>;
  update<T extends KubeObject>(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: PatchBody,
    options?: WriteOptions,
  ): Promise<T>;
  /** Server-side apply under this client's field manager. */
  apply<T extends KubeObject>(resource: Resource, object: KubeObject, options?: ApplyOptions): Promise<T>;
  updateStatus<T extends KubeObject>(
    resource: Resource,
    object: KubeObject,
    options?: WriteOptions,
  ): Promise<T>;
  applyStatus<T extends KubeObject>(
    resource: Resource,
    object: KubeObject,
    options?: ApplyOptions,
  ): Promise<T>;
  /** The object as it was, or the Status; undefined when there was none. */
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject | undefined>;
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void>;
  /** Any GET: discovery, `/openid/v1/jwks`, logs. */
  raw(path: string, options?: RequestOptions & { accept?: string }): Promise<string>;
};

const PATCH_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

const accept = (as: string) => `application/json;as=${as};g=meta.k8s.io;v=v1,application/json`;

export function createClient(options: {
  transport: Transport;
  fieldManager?: string;
  /** Runs before every write is sent (a leader's right to write, for example); throws to stop it. */
  guard?: () => void;
  /** Of one write, milliseconds. Default: the transport's. A leader's must end before another can lead. */
  writeTimeoutMs?: number;
  /** What is not held back by the transport's rate limit, as a leader's renewals. */
  urgent?: boolean;
}): KubeClient {
  const { urgent = false } = options;
  const transport: Transport = urgent
    ? { ...options.transport, send: (request) => options.transport.send({ ...request, urgent }) }
    : options.transport;
  const { fieldManager = 'cofferdam', guard, writeTimeoutMs } = options;

  async function write<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    request: { body?: unknown; contentType?: string; query?: Record<string, string> } & WriteOptions,
  ): Promise<T> {
    const query = { ...request.query, ...(request.dryRun ? { dryRun: 'All' } : {}) };
    const text = await transport.send({
      method,
      path: withQuery(path, query),
      headers: { 'content-type': request.contentType ?? 'application/json' },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(writeTimeoutMs === undefined ? {} : { timeoutMs: writeTimeoutMs }),
      ...timing(request),
      guard,
    });
    return parse<T>(text, path);
  }

  const client: KubeClient = {
    transport,
    async get<T extends KubeObject>(
      resource: Resource,
      key: ObjectKey,
      options: RequestOptions & { subresource?: string } = {},
    ) {
      const path = resourcePath(resource, key, options.subresource);
      return parse<T>(await transport.send({ method: 'GET', path, ...timing(options) }), path);
    },

    async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}) {
      const path = resourcePath(
        resource,
        options.namespace === undefined ? {} : { namespace: options.namespace },
      );
      const headers = options.metadataOnly ? { accept: accept('PartialObjectMetadataList') } : {};
      for (let restarts = 0; ; restarts++) {
        const items: T[] = [];
        let token: string | undefined;
        try {
          do {
            const query = {
              ...selectors(options),
              limit: String(options.limit ?? 500),
              ...(token ? { continue: token } : {}),
            };
            const text = await transport.send({
              method: 'GET',
              path: withQuery(path, query),
              headers,
              ...timing(options),
            });
            const page = parse<KubeList<T>>(text, path);
            // Listed items lack these two, watched ones have them: make them alike.
            const stamp = { apiVersion: apiVersionOf(resource), kind: resource.kind };
            const keep = (options.each ?? ((item: T) => item)) as (item: T) => T;
            for (const item of page.items ?? []) items.push(keep({ ...item, ...stamp }));
            token = page.metadata.continue || undefined;
            if (token === undefined) return { ...page, items };
          } while (token !== undefined);
        } catch (error) {
          const expired = token !== undefined && error instanceof KubeError && error.code === 'gone';
          if (!expired || restarts >= 2) throw error;
        }
      }
    },

    create: (resource, object, options = {}) =>
      write('POST', createPath(resource, object, options.subresource), {
        ...options,
        body: object,
        query: { fieldManager: options.fieldManager ?? fieldManager },
      }),

    update: (resource, object, options = {}) =>
      write('PUT', resourcePath(resource, object.metadata, options.subresource), {
        ...options,
        body: object,
        query: { fieldManager: options.fieldManager ?? fieldManager },
      }),

    patch: (resource, key, patch, options = {}) =>
      write('PATCH', resourcePath(resource, key, options.subresource), {
        ...options,
        body: patch.body,
        contentType: PATCH_TYPE[patch.type],
        query: { fieldManager: options.fieldManager ?? fieldManager },
      }),

    apply: (resource, object, options = {}) =>
      write('PATCH', resourcePath(resource, object.metadata, options.subresource), {
        ...options,
        body: object,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: options.fieldManager ?? fieldManager, force: String(options.force ?? true) },
      }),

    updateStatus: (resource, object, options) =>
      client.update(resource, object, { ...options, subresource: 'status' }),
    applyStatus: (resource, object, options) =>
      client.apply(resource, object, { ...options, subresource: 'status' }),

    async delete(resource, key, options = {}) {
      const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options;
      const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
      try {
        return await write<KubeObject>('DELETE', resourcePath(resource, key), {
          ...timing(options),
          body: {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
            ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
            ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
          },
        });
      } catch (error) {
        if (error instanceof KubeError && error.code === 'not_found') return undefined;
        throw error;
      }
    },

    async *watch<T extends KubeObject>(resource: Resource, options: WatchOptions) {
      const path = resourcePath(
        resource,
        options.namespace === undefined ? {} : { namespace: options.namespace },
      );
      const lines = await transport.lines({
        method: 'GET',
        path: withQuery(path, {
          ...selectors(options),
          watch: 'true',
          allowWatchBookmarks: 'true',
          ...(options.resourceVersion === '' ? {} : { resourceVersion: options.resourceVersion }),
          ...(options.initialEvents
            ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
            : {}),
          timeoutSeconds: String(options.timeoutSeconds),
        }),
        headers: options.metadataOnly ? { accept: accept('PartialObjectMetadata') } : {},
        signal: options.signal,
      });
      for await (const line of lines) yield parse<WatchEvent<T>>(line, path);
    },

    raw: (path, options = {}) =>
      transport.send({
        method: 'GET',
        path,
        headers: options.accept === undefined ? {} : { accept: options.accept },
        ...timing(options),
      }),
  };
  return client;
}

function createPath(resource: Resource, object: KubeObject, subresource: string | undefined): string {
  const { namespace, name } = object.metadata;
  const parent = namespace === undefined ? {} : { namespace };
  // A subresource (a pod's binding, a service account's token) is created below the named object.
  return subresource === undefined
    ? resourcePath(resource, parent)
    : resourcePath(resource, { ...parent, name }, subresource);
}

function timing(options: RequestOptions): { signal?: AbortSignal; timeoutMs?: number } {
  return {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
}

function selectors(options: { labelSelector?: string | undefined; fieldSelector?: string | undefined }) {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

function withQuery(path: string, query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}

function parse<T>(text: string, path: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new KubeError('malformed', `${path}: the answer is not JSON (${text.length} characters)`, {
      cause,
    });
  }
}
