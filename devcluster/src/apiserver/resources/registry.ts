import type { Resource } from './resource.ts';

/** One version of one API group, with its resources in the order of their names. */
export interface GroupVersion {
  group: string;
  version: string;
  resources: Resource[];
}

/** Every resource that is served now: the built-in ones, and those of established CRDs, which come and go. */
export class Registry {
  readonly #builtin: readonly Resource[];
  #custom: readonly Resource[] = [];
  #byPath = new Map<string, Resource>();
  #generation = 0;

  constructor(builtin: readonly Resource[]) {
    this.#builtin = builtin;
    this.#index();
  }

  /** Changes whenever what is served changes; caches of discovery and OpenAPI depend on it. */
  get generation(): number {
    return this.#generation;
  }

  setCustom(resources: readonly Resource[]): void {
    this.#custom = resources;
    this.#index();
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  byKind(group: string, version: string, kind: string): Resource | undefined {
    return this.all().find((r) => r.group === group && r.version === version && r.kind === kind);
  }

  isBuiltinGroup(group: string): boolean {
    return this.#builtin.some((r) => r.group === group);
  }

  all(): Resource[] {
    return [...this.#builtin, ...this.#custom];
  }

  /** Group versions in the order of discovery. */
  groupVersions(): GroupVersion[] {
    const found = new Map<string, GroupVersion>();
    for (const resource of this.all()) {
      const { group, version } = resource;
      const key = `${group}/${version}`;
      const entry = found.get(key) ?? { group, version, resources: [] };
      entry.resources.push(resource);
      found.set(key, entry);
    }
    return [...found.values()];
  }

  #index(): void {
    this.#byPath = new Map(this.all().map((r) => [`${r.group}/${r.version}/${r.plural}`, r]));
    this.#generation += 1;
  }
}
