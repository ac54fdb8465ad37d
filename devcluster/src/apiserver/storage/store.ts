import type { KubeObject } from '../object.ts';
import { type ChangeEvent, Collection, keyOf } from './collection.ts';

export interface StoreOptions {
  /** Changes kept for watches and for lists at an old revision; older ones are compacted. */
  historyLimit: number;
}

/**
 * All objects, with one revision that counts every change as etcd's does. Everything here is synchronous, so that
 * a handler which does not await between reading and writing is a transaction.
 */
export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #options: StoreOptions;
  #revision = 1;
  #compacted = 1;
  #historyLength = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The newest revision that is forgotten: watches and lists must start at or after it. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  collection(name: string): Collection {
    let found = this.#collections.get(name);
    if (found === undefined) {
      found = new Collection();
      this.#collections.set(name, found);
    }
    return found;
  }

  collectionNames(): string[] {
    return [...this.#collections.keys()];
  }

  get(collection: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.collection(collection).get(keyOf(namespace, name));
  }

  list(collection: string, namespace?: string): KubeObject[] {
    const from = this.collection(collection);
    return from.keys(namespace).flatMap((key) => from.get(key) ?? []);
  }

  /** Writes the object; its resourceVersion becomes the new revision. The argument is not changed. */
  put(collection: string, object: KubeObject): KubeObject {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const into = this.collection(collection);
    const previous = into.get(key);
    return this.#commit(into, { type: previous === undefined ? 'ADDED' : 'MODIFIED', key, object, previous });
  }

  /** Removes the object; `last` is the state that watchers are shown. */
  remove(collection: string, last: KubeObject): KubeObject {
    const key = keyOf(last.metadata.namespace, last.metadata.name);
    const from = this.collection(collection);
    return this.#commit(from, { type: 'DELETED', key, object: last, previous: from.get(key) });
  }

  compact(revision: number = this.#revision): void {
    if (revision <= this.#compacted) return;
    this.#compacted = Math.min(revision, this.#revision);
    for (const collection of this.#collections.values()) collection.forget(this.#compacted);
    this.#historyLength = this.#revision - this.#compacted;
  }

  #commit(collection: Collection, change: Omit<ChangeEvent, 'revision'>): KubeObject {
    this.#revision += 1;
    const object = {
      ...change.object,
      metadata: { ...change.object.metadata, resourceVersion: String(this.#revision) },
    };
    collection.commit({ ...change, object, revision: this.#revision });
    this.#historyLength += 1;
    // In steps of half the limit: forgetting costs a pass over the collections.
    if (this.#historyLength > this.#options.historyLimit) {
      this.compact(this.#revision - Math.floor(this.#options.historyLimit / 2));
    }
    return object;
  }
}
