import { builtinSchema } from '../../apimachinery/builtin-schema.ts';
import { trackUpdate } from '../../apimachinery/managed-fields.ts';
import { ANYTHING } from '../../apimachinery/schema.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { deleteObject, finishDeletion } from '../handlers/delete.ts';
import { NO_DELETE_OPTIONS } from '../handlers/delete-options.ts';
import { CLEANUP } from '../kinds/custom-resource-definition.ts';
import {
  inWireOrder,
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  sameJson,
} from '../object.ts';
import type { ChangeEvent } from '../storage/collection.ts';
import { conditionOf, customResources, DEFINITIONS, isEstablished } from './custom.ts';
import { acceptNames } from './definition-names.ts';
import type { Resource } from './resource.ts';

const API_VERSION = 'apiextensions.k8s.io/v1';

interface Served {
  spec: unknown;
  names: unknown;
  resources: Resource[];
}

/** Watches CRDs: gives them their names, establishes them, serves their resources, and empties deleted ones. */
export class DefinitionController {
  readonly #context: ServerContext;
  readonly #served = new Map<string, Served>();
  /** Collections of deleted CRDs that are watched until they are empty. */
  readonly #emptying = new Map<string, () => void>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  start(): void {
    this.#context.store.collection(DEFINITIONS).subscribe((event) => this.#onChange(event));
  }

  #onChange(event: ChangeEvent): void {
    this.#serve();
    const { name } = event.object.metadata;
    // Not in the same turn: whoever wrote the CRD sees its own write first, as with a real controller.
    if (event.type !== 'DELETED') setImmediate(() => this.#reconcile(name));
    // A name that became free may be what another definition waits for.
    else
      for (const other of this.#context.store.list(DEFINITIONS))
        setImmediate(() => this.#reconcile(other.metadata.name));
  }

  /** The same Resource objects as long as nothing that they depend on changes: schemas are compiled per object. */
  #serve(): void {
    const definitions = this.#context.store.list(DEFINITIONS).filter(isEstablished);
    const resources = definitions.flatMap((definition) => {
      const spec = definition['spec'];
      const names = objectAt(definition, 'status', 'acceptedNames');
      const known = this.#served.get(definition.metadata.name);
      if (known !== undefined && sameJson(known.spec, spec) && sameJson(known.names, names))
        return known.resources;
      const made = customResources(definition);
      this.#served.set(definition.metadata.name, { spec, names, resources: made });
      return made;
    });
    this.#context.registry.setCustom(resources);
  }

  #reconcile(name: string): void {
    const definition = this.#context.store.get(DEFINITIONS, undefined, name);
    if (definition === undefined) return;
    if (definition.metadata.deletionTimestamp === undefined) this.#establish(definition);
    else if ((definition.metadata.finalizers ?? []).includes(CLEANUP)) this.#empty(definition);
  }

  #establish(definition: KubeObject): void {
    const { accepted, conflict } = acceptNames(definition, this.#context.store.list(DEFINITIONS));
    const conditions = [
      conflict === undefined
        ? this.#condition(definition, 'NamesAccepted', true, ['NoConflicts', 'no conflicts found'])
        : this.#condition(definition, 'NamesAccepted', false, [conflict.reason, conflict.message]),
      // Once established, it stays so.
      conflict === undefined || isEstablished(definition)
        ? this.#condition(definition, 'Established', true, [
            'InitialNamesAccepted',
            'the initial names have been accepted',
          ])
        : this.#condition(definition, 'Established', false, ['NotAccepted', 'not all names are accepted']),
    ];
    this.#writeStatus(definition, { ...objectAt(definition, 'status'), conditions, acceptedNames: accepted });
  }

  #condition(
    definition: KubeObject,
    type: string,
    holds: boolean,
    [reason, message]: [string, string],
  ): JsonObject {
    const status = holds ? 'True' : 'False';
    const known = conditionOf(definition, type);
    const since = known?.['status'] === status ? known['lastTransitionTime'] : timestamp(this.#context.now());
    return { type, status, lastTransitionTime: since, reason, message };
  }

  #writeStatus(definition: KubeObject, status: JsonObject): KubeObject {
    if (sameJson(status, definition['status'])) return definition;
    const tracked = trackUpdate({
      before: definition,
      after: { ...definition, status },
      manager: 'kube-apiserver',
      schema: builtinSchema(API_VERSION, 'CustomResourceDefinition') ?? ANYTHING,
      apiVersion: API_VERSION,
      subresource: 'status',
      time: timestamp(this.#context.now()),
    });
    return this.#context.store.put(DEFINITIONS, inWireOrder(tracked as KubeObject));
  }

  /** Deletes the objects of a deleted definition; when the last one is gone, the definition goes, too. */
  #empty(definition: KubeObject): void {
    const { store } = this.#context;
    const { name } = definition.metadata;
    const resource = this.#served.get(name)?.resources[0];
    if (conditionOf(definition, 'Terminating')?.['reason'] !== 'InstanceDeletionInProgress') {
      const others = listAt(definition, 'status', 'conditions').filter(
        (c) => isObject(c) && c['type'] !== 'Terminating',
      );
      const terminating = this.#condition(definition, 'Terminating', true, [
        'InstanceDeletionInProgress',
        'CustomResource deletion is in progress',
      ]);
      this.#writeStatus(definition, {
        ...objectAt(definition, 'status'),
        conditions: [...others, terminating],
      });
      return; // the write comes back here as a change
    }
    if (resource !== undefined) {
      for (const object of store.list(resource.collection))
        deleteObject(this.#context, resource, object, NO_DELETE_OPTIONS);
      if (store.collection(resource.collection).size > 0) {
        if (!this.#emptying.has(name)) {
          const stop = store
            .collection(resource.collection)
            .subscribe(() => setImmediate(() => this.#reconcile(name)));
          this.#emptying.set(name, stop);
        }
        return;
      }
    }
    this.#emptying.get(name)?.();
    this.#emptying.delete(name);
    this.#release(definition);
  }

  #release(definition: KubeObject): void {
    const { store, registry } = this.#context;
    const finalizers = (definition.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
    const { finalizers: _finalizers, ...metadata } = definition.metadata;
    const next = {
      ...definition,
      metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers },
    };
    if (finalizers.length > 0) {
      store.put(DEFINITIONS, next);
      return;
    }
    this.#served.delete(definition.metadata.name);
    const definitions = registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
    if (definitions !== undefined) finishDeletion(this.#context, definitions, next);
  }
}
