import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CliError } from '../errors.ts';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** What must exist before the rest can be created; Argo CD has the same order of kinds. */
const first = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
];
const last = ['PaymentVault', 'PSPConnector'];

/**
 * Every object in a directory of YAML files, in the order to apply them.
 * @throws CliError `manifest_invalid`, naming the file
 */
export function readManifests(directory: string): Manifest[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  return files.flatMap((name) => readFile(join(directory, name))).sort((a, b) => rank(a) - rank(b));
}

function readFile(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    const [problem] = document.errors;
    if (problem)
      throw new CliError('manifest_invalid', `${path}: ${problem.message}. Run npm run synth.`, problem);
    return document.toJS() as Manifest;
  });
}

function rank({ kind }: Manifest): number {
  if (first.includes(kind)) return first.indexOf(kind) - first.length;
  return last.indexOf(kind) + 1;
}
