import { parseAllDocuments } from 'yaml';

/** File name -> content, as rendered. */
export type RenderedFiles = ReadonlyMap<string, string>;

export type Category = 'images' | 'replicas' | 'policy' | 'permissions' | 'definitions' | 'other';

/** One member of one object that would be another. */
export interface FieldChange {
  readonly category: Category;
  /** `Deployment payments-prod/payments-vault`. */
  readonly object: string;
  /** `spec.images.vault`; empty for the whole object. */
  readonly path: string;
  /** undefined: it is not there. */
  readonly before: unknown;
  readonly after: unknown;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Objects that say who may do what: any change of theirs is about permissions. */
const PERMISSION_KINDS = new Set([
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ServiceAccount',
  'AppProject',
]);
/** Objects that keep others apart, or alive. */
const POLICY_KINDS = new Set([
  'NetworkPolicy',
  'PodDisruptionBudget',
  'ResourceQuota',
  'LimitRange',
  'CiliumNetworkPolicy',
  'HTTPRoute',
  'TLSRoute',
  'Gateway',
]);
/** Members that say as much, of any object. The first match counts. */
const MEMBERS: readonly (readonly [RegExp, Category])[] = [
  [/(^|\.)images?(\.|$)/, 'images'],
  [/(^|\.)(replicas|minReplicas|maxReplicas)$/, 'replicas'],
  [
    /(^|\.)(serviceAccountName|automountServiceAccountToken|granteePrincipal|access|merchants)(\.|$)/,
    'permissions',
  ],
  [
    /(^|\.)(network|egress|tls|securityContext|deletionPolicy|hostNetwork|hostPID|runtimeClassName)(\.|$)/,
    'policy',
  ],
  [/^metadata\.labels\.pod-security\.kubernetes\.io\//, 'policy'],
  [/^metadata\.annotations\..*(role-arn|iam)/, 'permissions'],
];
const ALLOW_LIST = /^ConfigMap .*-grantees$/;

/** What would be another, member by member, in the order of the files. */
export function renderedChanges(before: RenderedFiles, after: RenderedFiles): FieldChange[] {
  const [old, wanted] = [objectsOf(before), objectsOf(after)];
  const names = [...new Set([...old.keys(), ...wanted.keys()])];
  return names.flatMap((name) => objectChanges(name, old.get(name), wanted.get(name)));
}

function objectsOf(files: RenderedFiles): Map<string, Manifest> {
  const objects = [...files].flatMap(([file, text]) =>
    parseAllDocuments(text).map((document): [string, Manifest] => {
      const manifest = document.toJS() as Partial<Manifest> | null;
      if (manifest?.kind === undefined || manifest.metadata === undefined)
        return [file, anonymous(file, manifest)];
      const { kind, metadata } = manifest;
      const place = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
      return [`${kind} ${place}${metadata.name}`, manifest as Manifest];
    }),
  );
  return new Map(objects);
}

function anonymous(file: string, content: unknown): Manifest {
  return { kind: 'File', metadata: { name: file }, content } as Manifest;
}

function objectChanges(object: string, before?: Manifest, after?: Manifest): FieldChange[] {
  const kind = (after ?? before)?.kind ?? '';
  if (before === undefined || after === undefined) {
    return [{ category: categoryOf(kind, object, ''), object, path: '', before, after }];
  }
  const [old, wanted] = [leaves(before), leaves(after)];
  const paths = [...new Set([...old.keys(), ...wanted.keys()])];
  return paths
    .filter((path) => !Object.is(old.get(path), wanted.get(path)))
    .map((path) => {
      const [is, will] = [old.get(path), wanted.get(path)];
      const category = isPin(will ?? is) ? 'images' : categoryOf(kind, object, path);
      return { category, object, path, before: is, after: will };
    });
}

/** Wherever it stands: in a container, in a variable that tells the operator what it is. */
function isPin(value: unknown): boolean {
  return typeof value === 'string' && /^\S+@sha256:[0-9a-f]{64}$/.test(value);
}

function categoryOf(kind: string, object: string, path: string): Category {
  if (kind === 'CustomResourceDefinition') return 'definitions';
  if (PERMISSION_KINDS.has(kind) || ALLOW_LIST.test(object)) return 'permissions';
  if (POLICY_KINDS.has(kind)) return 'policy';
  return MEMBERS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
}

/**
 * Every scalar by its path. Members of a list go by their name where each has one, so that a container that is added
 * before another does not make that one look changed.
 */
function leaves(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  const below = (name: string | number) => (path === '' ? String(name) : `${path}.${name}`);
  if (Array.isArray(value)) {
    const names = value.map((item) => (isNamed(item) ? item.name : undefined));
    const byName = names.every((name) => name !== undefined) && new Set(names).size === names.length;
    value.forEach((item, index) => {
      leaves(item, below((byName ? names[index] : undefined) ?? index), found);
    });
    if (value.length === 0) found.set(path, '[]');
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [name, item] of entries) leaves(item, below(name), found);
    if (entries.length === 0) found.set(path, '{}');
  } else {
    found.set(path, value);
  }
  return found;
}

function isNamed(item: unknown): item is { name: string } {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string';
}
