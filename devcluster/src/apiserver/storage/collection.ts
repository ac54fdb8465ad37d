import type { KubeObject } from '../object.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One committed change of one object. Immutable; shared by every watcher. */
export interface ChangeEvent {
  readonly revision: number;
  readonly type: EventType;
  readonly key: string;
  /** The object after the change; for a deletion its last state, with the deletion's revision. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

export type Subscriber = (event: ChangeEvent) => void;

/** `namespace/name`, or `/name` of a cluster-scoped object: sorts as etcd's keys do. */
export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** The objects of one resource, their recent changes, and who listens to them. */
export class Collection {
  readonly #objects = new Map<string, KubeObject>();
  readonly #subscribers = new Set<Subscriber>();
  #log: ChangeEvent[] = [];
  #sorted: string[] | undefined;

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Keys in order, all or those of one namespace. */
  keys(namespace?: string): string[] {
    this.#sorted ??= [...this.#objects.keys()].sort(byteOrder);
    if (namespace === undefined) return this.#sorted;
    const from = lowerBound(this.#sorted, `${namespace}/`);
    const to = lowerBound(this.#sorted, `${namespace}0`); // '0' is the character after '/'
    return this.#sorted.slice(from, to);
  }

  /** Records a change and tells the subscribers. */
  commit(event: ChangeEvent): void {
    if (event.type === 'DELETED') this.#objects.delete(event.key);
    else this.#objects.set(event.key, event.object);
    if (event.type !== 'MODIFIED') this.#sorted = undefined;
    this.#log.push(event);
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Changes after the revision, oldest first. */
  since(revision: number): ChangeEvent[] {
    let from = this.#log.length;
    while (from > 0 && (this.#log[from - 1]?.revision ?? 0) > revision) from -= 1;
    return this.#log.slice(from);
  }

  /** The objects as they were at a revision that is not compacted: later changes undone, newest first. */
  at(revision: number): Map<string, KubeObject> {
    const state = new Map(this.#objects);
    for (const event of this.since(revision).reverse()) {
      if (event.previous === undefined) state.delete(event.key);
      else state.set(event.key, event.previous);
    }
    return state;
  }

  forget(upTo: number): void {
    const keep = this.#log.findIndex((event) => event.revision > upTo);
    this.#log = keep < 0 ? [] : this.#log.slice(keep);
  }
}

function byteOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function lowerBound(sorted: string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
