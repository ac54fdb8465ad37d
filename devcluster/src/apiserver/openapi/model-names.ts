import { attributesOf, innerType } from '../models.ts';

const META = new Set([
  ...['V1ObjectMeta', 'V1ListMeta', 'V1LabelSelector', 'V1LabelSelectorRequirement', 'V1ManagedFieldsEntry'],
  ...['V1OwnerReference', 'V1Condition', 'V1Status', 'V1StatusDetails', 'V1StatusCause', 'V1DeleteOptions'],
]);

/** `V1PodSpec` -> version v1, kind PodSpec; a group in front (`CoreV1Event`) is left out. */
function split(model: string): { version: string; kind: string } {
  const found = /^(?:[A-Z][a-z]+)*?(V\d+(?:(?:alpha|beta)\d+)?)(.+)$/.exec(model);
  return { version: (found?.[1] ?? 'V1').toLowerCase(), kind: found?.[2] ?? model };
}

/** The Go package of a group, as names in the real server's OpenAPI have it. */
function packageOf(group: string): string {
  if (group === 'apiextensions.k8s.io') return 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions';
  return `io.k8s.api.${group === '' ? 'core' : (group.split('.')[0] ?? '')}`;
}

/**
 * Names of the generated models in OpenAPI documents. The models do not say which group they belong to: a model that
 * no kind itself is belongs to the first group that reaches it, core first.
 */
export class ModelNames {
  readonly #names = new Map<string, string>();

  /** Gives names to a model and to everything below it. */
  add(group: string, model: string): void {
    if (this.#names.has(model)) return;
    const attributes = attributesOf(model);
    if (attributes === undefined) return;
    const { version, kind } = split(model);
    const base = META.has(model) ? 'io.k8s.apimachinery.pkg.apis.meta' : packageOf(group);
    this.#names.set(model, `${base}.${version}.${kind}`);
    for (const { type } of attributes) this.add(group, innerType(type));
  }

  of(model: string): string | undefined {
    return this.#names.get(model);
  }
}
