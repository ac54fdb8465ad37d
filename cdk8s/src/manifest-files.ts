import { definitionFiles } from '@cofferdam/crds';
import type { Chart } from 'cdk8s';
import { stringify } from 'yaml';

/** File name -> content. */
export type Files = ReadonlyMap<string, string>;

/** What must be there before what: files in the order of their names can be applied one after the other. */
const RANKS: Readonly<Record<string, number>> = {
  Namespace: 0,
  CustomResourceDefinition: 10,
  ResourceQuota: 15,
  LimitRange: 15,
  ServiceAccount: 20,
  ClusterRole: 30,
  Role: 30,
  ClusterRoleBinding: 40,
  RoleBinding: 40,
  NetworkPolicy: 45,
  ConfigMap: 50,
  ExternalSecret: 55,
  Service: 60,
  PodDisruptionBudget: 65,
  Deployment: 70,
  Gateway: 75,
  ServiceMonitor: 80,
  PrometheusRule: 80,
  PaymentVault: 80,
  PSPConnector: 90,
};

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** One file for each object of the charts, named by kind, namespace and name. */
export function chartFiles(charts: readonly Chart[], source: string): Files {
  const files = new Map<string, string>();
  for (const manifest of charts.flatMap((chart): Manifest[] => chart.toJson())) {
    const name = fileName(manifest);
    if (files.has(name)) throw new Error(`two objects would be written to ${name}`);
    files.set(name, render(manifest, source));
  }
  return files;
}

/** The CustomResourceDefinitions, as crds/yaml has them. */
export function definitionManifestFiles(): Files {
  const rank = RANKS.CustomResourceDefinition;
  return new Map(
    [...definitionFiles()].map(([name, content]) => [`${rank}-customresourcedefinition.${name}`, content]),
  );
}

function fileName({ kind, metadata }: Manifest): string {
  const rank = RANKS[kind];
  if (rank === undefined) throw new Error(`${kind} has no place in the order of applying (RANKS)`);
  const parts = [kind.toLowerCase(), metadata.namespace, metadata.name].filter((part) => part !== undefined);
  return `${String(rank).padStart(2, '0')}-${parts.join('.')}.yaml`;
}

function render(manifest: Manifest, source: string): string {
  // kubectl reads YAML 1.1, where a bare `on` or `no` is a boolean: version 1.1 puts those in quotes.
  const body = stringify(manifest, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
  return `# Rendered from ${source} by \`npm run synth\`. Do not edit.\n${body}`;
}
