import type { OwnerReference } from './objects.ts';

/** Where an object lives: enough to ask the API server for it. */
export type Coordinates = { apiVersion: string; kind: string; namespace: string; name: string };

export type GraphNode = Coordinates & {
  uid: string;
  owners: OwnerReference[];
  finalizers: string[];
  deleting: boolean;
};

/** Who owns whom, by UID, from what the watches said. */
export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  upsert(node: GraphNode): void {
    this.#unlink(this.#nodes.get(node.uid));
    this.#nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid) ?? new Set();
      dependents.add(node.uid);
      this.#dependents.set(uid, dependents);
    }
  }

  remove(uid: string): void {
    this.#unlink(this.#nodes.get(uid));
    this.#nodes.delete(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** Dependents that keep an owner which is deleted in the foreground. */
  blockersOf(uid: string): GraphNode[] {
    return this.dependentsOf(uid).filter((dependent) =>
      dependent.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
  }

  /** Objects with an owner that no watch has shown. */
  withUnknownOwner(): GraphNode[] {
    return [...this.#nodes.values()].filter(({ owners }) => owners.some(({ uid }) => !this.#nodes.has(uid)));
  }

  #unlink(node: GraphNode | undefined): void {
    for (const { uid } of node?.owners ?? []) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(node?.uid ?? '');
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }
}
