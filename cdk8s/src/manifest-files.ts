import { definitionFiles } from '@cofferdam/crds';
import type { Chart } from 'cdk8s';
import { stringify } from 'yaml';
import { rankOf } from './kind-order.ts';

/** File name -> content. */
export type Files = ReadonlyMap<string, string>;

/** An object of Kubernetes, as far as rendering looks at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}

/** The objects of the charts. */
export function chartManifests(charts: readonly Chart[]): Manifest[] {
  return charts.flatMap((chart): Manifest[] => chart.toJson());
}

/** One file for each object, named by kind, namespace and name, in the order of applying. */
export function manifestFiles(manifests: readonly Manifest[], source: string): Files {
  const files = new Map<string, string>();
  for (const manifest of manifests) {
    const name = fileName(manifest);
    if (files.has(name)) throw new Error(`two objects would be written to ${name}`);
    files.set(name, render(manifest, source));
  }
  return inOrder(files);
}

/** The CustomResourceDefinitions, as crds/yaml has them. */
export function definitionManifestFiles(): Files {
  return DEFINITION_FILES;
}

const DEFINITION_FILES: Files = new Map(
  [...definitionFiles()].map(([name, content]) => [
    `${rankOf('CustomResourceDefinition')}-customresourcedefinition.${name}`,
    content,
  ]),
);

/** All of them, in the order of their names. */
export function inOrder(...groups: readonly Files[]): Files {
  const entries = groups.flatMap((files) => [...files]);
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fileName({ kind, metadata }: Manifest): string {
  const rank = rankOf(kind);
  if (rank === undefined) throw new Error(`${kind} has no place in the order of applying (kind-order.ts)`);
  // A definition is named by its kind and its group, and there is one group only.
  const name = kind === 'CustomResourceDefinition' ? metadata.name.split('.')[0] : metadata.name;
  const parts = [kind.toLowerCase(), metadata.namespace, name].filter((part) => part !== undefined);
  return `${String(rank).padStart(2, '0')}-${parts.join('.')}.yaml`;
}

/** Definitions are the same object in every environment, and take long to write. */
const bodies = new WeakMap<Manifest, string>();

function render(manifest: Manifest, source: string): string {
  // kubectl reads YAML 1.1, where a bare `on` or `no` is a boolean: version 1.1 puts those in quotes.
  const body =
    bodies.get(manifest) ??
    stringify(manifest, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
  bodies.set(manifest, body);
  return `# Rendered from ${source} by \`npm run synth\`. Do not edit.\n${body}`;
}
