import type { RequestInfo } from '../http/request-info.ts';
import { isObject, type JsonObject, type KubeObject, listAt, stringAt } from '../object.ts';
import type { Store } from '../storage/store.ts';
import { MASTERS, type User } from './user.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
const collectionOf = (plural: string): string => `${plural}.${RBAC_GROUP}`;
export const RBAC_COLLECTIONS = {
  roles: collectionOf('roles'),
  clusterRoles: collectionOf('clusterroles'),
  roleBindings: collectionOf('rolebindings'),
  clusterRoleBindings: collectionOf('clusterrolebindings'),
};

/** What somebody wants to do. */
export interface Attributes {
  verb: string;
  isResource: boolean;
  path: string;
  group: string;
  /** The plural, without the subresource. */
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
}

/** One rule of a role. */
export interface PolicyRule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames: string[];
  nonResourceURLs: string[];
}

export interface Decision {
  allowed: boolean;
  reason: string;
}

export function attributesOf(info: RequestInfo): Attributes {
  return {
    verb: info.verb,
    isResource: info.isResource,
    path: info.path,
    group: info.group,
    resource: info.plural,
    subresource: info.subresource,
    namespace: info.namespace ?? '',
    name: info.name === '' ? info.selectedName : info.name,
  };
}

function strings(value: unknown, key: string): string[] {
  return listAt(value, key).filter((entry): entry is string => typeof entry === 'string');
}

export function rulesOf(role: KubeObject | undefined): PolicyRule[] {
  return listAt(role, 'rules')
    .filter(isObject)
    .map((rule) => ({
      verbs: strings(rule, 'verbs'),
      apiGroups: strings(rule, 'apiGroups'),
      resources: strings(rule, 'resources'),
      resourceNames: strings(rule, 'resourceNames'),
      nonResourceURLs: strings(rule, 'nonResourceURLs'),
    }));
}

function includes(list: string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function coversResource(resources: string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  if (includes(resources, full)) return true;
  return subresource !== '' && resources.includes(`*/${subresource}`);
}

/** Whether the rule allows what the attributes ask. */
export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!includes(rule.verbs, wanted.verb)) return false;
  if (!wanted.isResource) {
    return rule.nonResourceURLs.some(
      (url) =>
        url === '*' || url === wanted.path || (url.endsWith('*') && wanted.path.startsWith(url.slice(0, -1))),
    );
  }
  return (
    includes(rule.apiGroups, wanted.group) &&
    coversResource(rule.resources, wanted.resource, wanted.subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(wanted.name))
  );
}

/** The subject of a binding that the user is, as messages name it. */
function matchingSubject(subjects: unknown[], user: User, bindingNamespace: string): string | undefined {
  for (const subject of subjects) {
    const kind = stringAt(subject, 'kind');
    const name = stringAt(subject, 'name') ?? '';
    if (kind === 'User' && user.username === name) return `User ${JSON.stringify(name)}`;
    if (kind === 'Group' && user.groups.includes(name)) return `Group ${JSON.stringify(name)}`;
    if (kind === 'ServiceAccount') {
      const namespace = stringAt(subject, 'namespace') ?? bindingNamespace;
      if (user.username === `system:serviceaccount:${namespace}:${name}`) {
        return `ServiceAccount ${JSON.stringify(`${name}/${namespace}`)}`;
      }
    }
  }
  return undefined;
}

interface Grant {
  rules: PolicyRule[];
  reason: string;
}

const MAX_REMEMBERED = 1000;

/** Role-based access control over what is stored now. */
export class Authorizer {
  readonly #store: Store;
  /** Grants of a user in a namespace; forgotten whenever a role or binding changes. */
  readonly #grants = new Map<string, Grant[]>();

  constructor(store: Store) {
    this.#store = store;
    for (const name of Object.values(RBAC_COLLECTIONS)) {
      store.collection(name).subscribe(() => this.#grants.clear());
    }
  }

  decide(user: User, wanted: Attributes): Decision {
    if (user.groups.includes(MASTERS)) return { allowed: true, reason: '' };
    for (const grant of this.grantsOf(user, wanted.isResource ? wanted.namespace : '')) {
      if (grant.rules.some((rule) => ruleAllows(rule, wanted)))
        return { allowed: true, reason: grant.reason };
    }
    return { allowed: false, reason: '' };
  }

  /** Everything that the user may do in the namespace, cluster-wide rights included. */
  grantsOf(user: User, namespace: string): Grant[] {
    const key = JSON.stringify([user.username, user.groups, namespace]);
    let known = this.#grants.get(key);
    if (known === undefined) {
      known = [
        ...this.#bound(user, RBAC_COLLECTIONS.clusterRoleBindings, ''),
        ...(namespace === '' ? [] : this.#bound(user, RBAC_COLLECTIONS.roleBindings, namespace)),
      ];
      // Anybody may ask about any namespace, so what is remembered must have an end.
      if (this.#grants.size >= MAX_REMEMBERED) this.#grants.clear();
      this.#grants.set(key, known);
    }
    return known;
  }

  roleOf(reference: unknown, namespace: string): KubeObject | undefined {
    const name = stringAt(reference, 'name') ?? '';
    if (stringAt(reference, 'kind') === 'Role')
      return this.#store.get(RBAC_COLLECTIONS.roles, namespace, name);
    return this.#store.get(RBAC_COLLECTIONS.clusterRoles, undefined, name);
  }

  #bound(user: User, collection: string, namespace: string): Grant[] {
    const bindings = this.#store.list(collection, namespace === '' ? undefined : namespace);
    return bindings.flatMap((binding) => {
      const subject = matchingSubject(listAt(binding, 'subjects'), user, namespace);
      if (subject === undefined) return [];
      const reference = binding['roleRef'] as JsonObject;
      const name = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
      const role = `${stringAt(reference, 'kind')} ${JSON.stringify(stringAt(reference, 'name'))}`;
      const reason = `RBAC: allowed by ${binding.kind} ${JSON.stringify(name)} of ${role} to ${subject}`;
      return [{ rules: rulesOf(this.roleOf(reference, namespace)), reason }];
    });
  }
}
