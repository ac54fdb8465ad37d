import { forbidden } from '../errors.ts';
import type { KubeObject } from '../object.ts';
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

function may(granter: Granter, verb: string, resource: Resource, object: KubeObject): boolean {
  const { user, authorizer } = granter;
  const { namespace = '', name } = object.metadata;
  const base = { isResource: true, path: '', group: RBAC_GROUP, subresource: '', namespace };
  return authorizer.decide(user, { ...base, verb, resource: resource.plural, name }).allowed;
}

/**
 * Nobody may grant what he does not have, unless he may `escalate` (roles) or `bind` (bindings).
 *
 * @throws StatusError 403
 */
export function checkEscalation(granter: Granter, resource: Resource, object: KubeObject): void {
  const { user, authorizer } = granter;
  if (resource.group !== RBAC_GROUP || user.groups.includes(MASTERS)) return;
  const isRole = resource.plural === 'roles' || resource.plural === 'clusterroles';
  if (may(granter, isRole ? 'escalate' : 'bind', resource, object)) return;
  const { namespace = '', name } = object.metadata;
  const granted = isRole ? rulesOf(object) : rulesOf(authorizer.roleOf(object['roleRef'], namespace));
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
