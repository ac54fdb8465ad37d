import { forbidden, notFound } from '../errors.ts';
import { type KubeObject, objectAt, stringAt } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import {
  type Attributes,
  type Authorizer,
  type PolicyRule,
  RBAC_GROUP,
  ruleAllows,
  rulesOf,
} from './authorizer.ts';
import { MASTERS, type User } from './user.ts';

/** Every single permission of a rule. */
function permissions(rule: PolicyRule): { rule: PolicyRule; attributes: Attributes }[] {
  const base = { subresource: '', namespace: '', path: '' };
  const urls = rule.nonResourceURLs.flatMap((path) =>
    rule.verbs.map((verb) => ({
      rule: { ...emptyRule, verbs: [verb], nonResourceURLs: [path] },
      attributes: { ...base, verb, isResource: false, path, group: '', resource: '', name: '' },
    })),
  );
  const names = rule.resourceNames.length === 0 ? [''] : rule.resourceNames;
  const resources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((full) =>
      names.flatMap((name) =>
        rule.verbs.map((verb) => {
          const [resource = '', subresource = ''] = full.split('/');
          return {
            rule: {
              ...emptyRule,
              verbs: [verb],
              apiGroups: [group],
              resources: [full],
              resourceNames: name === '' ? [] : [name],
            },
            attributes: { ...base, verb, isResource: true, group, resource, subresource, name },
          };
        }),
      ),
    ),
  );
  return [...urls, ...resources];
}

const emptyRule: PolicyRule = {
  verbs: [],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
};

function shown(rule: PolicyRule): string {
  const parts = (
    [
      ['APIGroups', rule.apiGroups],
      ['Resources', rule.resources],
      ['ResourceNames', rule.resourceNames],
      ['NonResourceURLs', rule.nonResourceURLs],
      ['Verbs', rule.verbs],
    ] as const
  )
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${name}:${JSON.stringify(list).replaceAll(',', ' ')}`);
  return `{${parts.join(', ')}}`;
}

interface Granter {
  user: User;
  authorizer: Authorizer;
}

function may({ user, authorizer }: Granter, verb: string, target: Target): boolean {
  const base = { isResource: true, path: '', group: RBAC_GROUP, subresource: '' };
  return authorizer.decide(user, { ...base, verb, ...target }).allowed;
}

/** A role: to be escalated, or to be bound. */
interface Target {
  resource: string;
  namespace: string;
  name: string;
}

/** The role that a binding is about, seen from the binding's namespace. */
function roleBound(binding: KubeObject): Target {
  const reference = objectAt(binding, 'roleRef');
  return {
    resource: stringAt(reference, 'kind') === 'Role' ? 'roles' : 'clusterroles',
    namespace: binding.metadata.namespace ?? '',
    name: stringAt(reference, 'name') ?? '',
  };
}

/** @throws StatusError 404 when there is no such role: who binds it now would get whatever it becomes */
function rulesBound(authorizer: Authorizer, binding: KubeObject): PolicyRule[] {
  const { resource, namespace, name } = roleBound(binding);
  const role = authorizer.roleOf(binding['roleRef'], namespace);
  if (role === undefined) throw notFound({ group: RBAC_GROUP, plural: resource }, name);
  return rulesOf(role);
}

/**
 * Nobody may grant what he does not have, unless he may `escalate` (roles) or `bind` (bindings).
 *
 * @throws StatusError 403, or 404 for a binding to a role that does not exist
 */
export function checkEscalation(granter: Granter, resource: Resource, object: KubeObject): void {
  const { user, authorizer } = granter;
  if (resource.group !== RBAC_GROUP || user.groups.includes(MASTERS)) return;
  const isRole = resource.plural === 'roles' || resource.plural === 'clusterroles';
  const { namespace = '', name } = object.metadata;
  const allowed = isRole
    ? may(granter, 'escalate', { resource: resource.plural, namespace, name })
    : may(granter, 'bind', roleBound(object));
  if (allowed) return;
  const granted = isRole ? rulesOf(object) : rulesBound(authorizer, object);
  const held = authorizer.grantsOf(user, namespace).flatMap((grant) => grant.rules);
  const missing = granted
    .flatMap(permissions)
    .filter(({ attributes }) => !held.some((rule) => ruleAllows(rule, attributes)));
  if (missing.length === 0) return;
  const groups = JSON.stringify(user.groups).replaceAll(',', ' ');
  const list = missing.map(({ rule }) => shown(rule)).join('\n');
  throw forbidden(
    resource,
    name,
    `user ${JSON.stringify(user.username)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}
