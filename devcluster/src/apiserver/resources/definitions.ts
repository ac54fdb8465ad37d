import { type ServerContext, timestamp } from '../context.ts';
import {
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import type { ChangeEvent } from '../storage/collection.ts';
import { conditionOf, customResources, isEstablished } from './custom.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/** Watches CRDs: gives them their names, establishes them, and serves their resources. */
export class DefinitionController {
  readonly #context: ServerContext;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  start(): void {
    this.#context.store.collection(DEFINITIONS).subscribe((event) => this.#onChange(event));
  }

  #onChange(event: ChangeEvent): void {
    this.#serve();
    // Not in the same turn: whoever wrote the CRD sees its own write first, as with a real controller.
    if (event.type !== 'DELETED') setImmediate(() => this.#establish(event.object.metadata.name));
  }

  #serve(): void {
    const definitions = this.#context.store.list(DEFINITIONS).filter(isEstablished);
    this.#context.registry.setCustom(definitions.flatMap(customResources));
  }

  #establish(name: string): void {
    const { store } = this.#context;
    const definition = store.get(DEFINITIONS, undefined, name);
    if (definition === undefined) return;
    const status = this.#statusOf(definition);
    if (!sameJson(status, definition['status'])) store.put(DEFINITIONS, { ...definition, status });
  }

  #statusOf(definition: KubeObject): JsonObject {
    const names = objectAt(definition, 'spec', 'names');
    const storage = listAt(definition, 'spec', 'versions').find((v) => isObject(v) && v['storage'] === true);
    const stored = listAt(definition, 'status', 'storedVersions');
    const current = stringAt(storage, 'name');
    const now = timestamp(this.#context.now());
    const condition = (type: string, reason: string, message: string): JsonObject => {
      const known = conditionOf(definition, type);
      if (known?.['status'] === 'True') return known;
      return { type, status: 'True', lastTransitionTime: now, reason, message };
    };
    return {
      ...objectAt(definition, 'status'),
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      acceptedNames: names,
      storedVersions: current === undefined || stored.includes(current) ? stored : [...stored, current],
    };
  }
}
