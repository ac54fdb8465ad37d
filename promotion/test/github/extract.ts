// The part of GitHub's own OpenAPI description that promotions use. The whole package is 385 MB, so the part is
// committed. To take it anew (from a new version, or with another operation):
//   npm pack @octokit/openapi@<version> && tar xzf octokit-openapi-<version>.tgz
//   node promotion/test/github/extract.ts package
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPERATIONS: readonly string[] = [
  'git/get-ref',
  'git/create-ref',
  'git/update-ref',
  'git/get-commit',
  'git/create-commit',
  'git/create-tree',
  'pulls/list',
  'pulls/get',
  'pulls/create',
  'pulls/update',
  'issues/add-labels',
  'issues/remove-label',
  'issues/create-comment',
  'repos/list-commit-statuses-for-ref',
  'repos/create-commit-status',
  'apps/get-repo-installation',
  'apps/create-installation-access-token',
];

type Json = string | number | boolean | null | Json[] | { [member: string]: Json };
type Members = { [member: string]: Json };
const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Prose and examples are most of the file. */
const LEFT_OUT = new Set([
  'description',
  'examples',
  'example',
  'summary',
  'externalDocs',
  'tags',
  'x-github',
  'x-octokit',
]);

function slim(value: Json, isSchemaMembers = false): Json {
  if (Array.isArray(value)) return value.map((item) => slim(item));
  if (!isMembers(value)) return value;
  const kept = Object.entries(value).filter(([name]) => isSchemaMembers || !LEFT_OUT.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, slim(inner, name === 'properties')]));
}

function references(value: Json, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) references(item, found);
  else if (isMembers(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (name === '$ref' && typeof inner === 'string') found.add(inner);
      else references(inner, found);
    }
  }
  return found;
}

const [source = '.'] = process.argv.slice(2);
const read = (path: string) => JSON.parse(readFileSync(join(source, path), 'utf8')) as Members;
const whole = read('generated/api.github.com.json');
const lookUp = (reference: string): Json | undefined =>
  reference
    .slice(2)
    .split('/')
    .reduce<Json | undefined>((at, name) => (isMembers(at) ? at[name] : undefined), whole);

const paths: Members = {};
for (const [path, item] of Object.entries(isMembers(whole['paths']) ? whole['paths'] : {})) {
  if (!isMembers(item)) continue;
  const chosen = Object.entries(item).filter(
    ([, operation]) => isMembers(operation) && OPERATIONS.includes(String(operation['operationId'])),
  );
  if (chosen.length > 0) paths[path] = slim(Object.fromEntries(chosen));
}

const components: { [kind: string]: Members } = {};
const queue = [...references(paths)];
for (const reference of queue) {
  const [, kind = '', name = ''] = reference.slice(2).split('/');
  const found = lookUp(reference);
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  components[kind] ??= {};
  if (components[kind][name] !== undefined) continue;
  const part = slim(found);
  components[kind][name] = part;
  queue.push(...references(part));
}

const { name, version } = read('package.json');
const text = JSON.stringify({
  openapi: whole['openapi'],
  'x-from': `${String(name)}@${String(version)}`,
  paths,
  components,
});
writeFileSync(new URL('openapi.json', import.meta.url), `${text}\n`);
