import { keepEqualParts } from './keep-equal-parts.ts';
import { type KubeObject, keyOf } from './resource.ts';
import { createTrim, type Trim } from './trim.ts';

/** Told of every change of a cache. What it throws is reported and goes no further. */
export type StoreHandler<T extends KubeObject> = {
  added?(object: T): void;
  updated?(object: T, before: T): void;
  deleted?(object: T): void;
};

/** Read side of a cache: objects are shared, never to be changed. */
export type ReadStore<T extends KubeObject> = {
  get(namespace: string | undefined, name: string): T | undefined;
  list(): T[];
  /** The objects for which the store's `index` function gave this value. */
  byIndex(value: string): T[];
  readonly size: number;
};

export type Store<T extends KubeObject> = ReadStore<T> & {
  /** What is kept of an object: `put` does it by itself. */
  trim(object: T): T;
  /** The whole truth of a list, of one namespace or of all: what is missing in it was deleted. Takes trimmed objects. */
  replace(trimmed: readonly T[], namespace?: string): void;
  put(object: T): void;
  remove(object: T): void;
  /** Existing objects are reported as added at once. The answer ends the subscription. */
  subscribe(handler: StoreHandler<T>): () => void;
};

export type StoreOptions<T extends KubeObject> = {
  /** Values under which `byIndex` finds an object, such as its owner's UID. */
  index?: (object: T) => readonly string[];
  /** What is kept of an object. Default: all but managedFields, which are half the bytes. */
  trim?: Trim<T>;
  onHandlerError?: (error: unknown) => void;
};

export function createStore<T extends KubeObject>(options: StoreOptions<T> = {}): Store<T> {
  const { index = () => [], trim = createTrim<T>({}), onHandlerError = () => {} } = options;
  const objects = new Map<string, T>();
  /** Lists, since most hold one or two keys and a Set of them would be larger than what it holds. */
  const indexed = new Map<string, string[]>();
  const handlers = new Set<StoreHandler<T>>();

  function tell(call: (handler: StoreHandler<T>) => void): void {
    for (const handler of handlers) {
      try {
        call(handler);
      } catch (error) {
        onHandlerError(error);
      }
    }
  }

  function set(object: T): void {
    const key = keyOf(object);
    unset(key);
    objects.set(key, object);
    for (const value of index(object)) {
      // Neither a push nor a spread: both make room for sixteen more.
      indexed.set(value, (indexed.get(value) ?? []).concat(key));
    }
  }

  function unset(key: string): void {
    const before = objects.get(key);
    if (before === undefined) return;
    objects.delete(key);
    for (const value of index(before)) {
      const keys = indexed.get(value)?.filter((one) => one !== key) ?? [];
      if (keys.length === 0) indexed.delete(value);
      else indexed.set(value, keys);
    }
  }

  function put(next: T): void {
    const before = objects.get(keyOf(next));
    const object = before === undefined ? next : keepEqualParts(before, next);
    set(object);
    if (before === undefined) {
      tell((handler) => handler.added?.(object));
    } else if (before.metadata.uid !== object.metadata.uid) {
      // Deleted and made again while we were not looking: another object of the same name.
      tell((handler) => handler.deleted?.(before));
      tell((handler) => handler.added?.(object));
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) {
      tell((handler) => handler.updated?.(object, before));
    }
  }

  function remove(object: T): void {
    const before = objects.get(keyOf(object));
    if (before === undefined) return;
    unset(keyOf(object));
    tell((handler) => handler.deleted?.(before));
  }

  return {
    get: (namespace, name) => objects.get(keyOf({ namespace, name })),
    list: () => [...objects.values()],
    byIndex: (value) =>
      [...(indexed.get(value) ?? [])].map((key) => objects.get(key)).filter((object) => object !== undefined),
    get size() {
      return objects.size;
    },
    trim,
    replace(next, namespace) {
      const present = new Set(next.map(keyOf));
      for (const [key, object] of [...objects]) {
        if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
        if (!present.has(key)) remove(object);
      }
      for (const object of next) put(object);
    },
    put: (object) => put(trim(object)),
    remove,
    subscribe(handler) {
      handlers.add(handler);
      for (const object of objects.values()) {
        try {
          handler.added?.(object);
        } catch (error) {
          onHandlerError(error);
        }
      }
      return () => handlers.delete(handler);
    },
  };
}
