import { invalidValue, notSupported, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { isObject, type KubeObject, listAt, member, objectAt, sameJson, stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { pathSegment } from '../validation/names.ts';
import { child, fill, items } from './draft.ts';

const GROUP = 'rbac.authorization.k8s.io';

function ruleProblems(object: KubeObject, namespaced: boolean): FieldError[] {
  return listAt(object, 'rules').flatMap((rule, i) => {
    const at = `rules[${i}]`;
    const urls = listAt(rule, 'nonResourceURLs');
    const problems: FieldError[] = [];
    if (listAt(rule, 'verbs').length === 0)
      problems.push(requiredValue(`${at}.verbs`, 'verbs must contain at least one value'));
    if (urls.length > 0) {
      if (namespaced) {
        problems.push(
          invalidValue(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'),
        );
      }
      if (listAt(rule, 'apiGroups').length + listAt(rule, 'resources').length > 0) {
        problems.push(
          invalidValue(
            `${at}.nonResourceURLs`,
            urls,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        );
      }
      return problems;
    }
    if (listAt(rule, 'apiGroups').length === 0) {
      problems.push(requiredValue(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    }
    if (listAt(rule, 'resources').length === 0) {
      problems.push(requiredValue(`${at}.resources`, 'resource rules must supply at least one resource'));
    }
    return problems;
  });
}

function role(namespaced: boolean): KindRules {
  return {
    nameProblems: pathSegment,
    defaults(draft) {
      draft['rules'] ??= null;
    },
    validate: (object) =>
      member(object, 'aggregationRule') === undefined ? ruleProblems(object, namespaced) : [],
  };
}

function subjectProblems(object: KubeObject, namespaced: boolean): FieldError[] {
  return listAt(object, 'subjects').flatMap((subject, i) => {
    const at = `subjects[${i}]`;
    const kind = stringAt(subject, 'kind') ?? '';
    const problems: FieldError[] = [];
    if ((stringAt(subject, 'name') ?? '') === '') problems.push(requiredValue(`${at}.name`));
    if (!['ServiceAccount', 'User', 'Group'].includes(kind)) {
      problems.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
    }
    if (kind === 'ServiceAccount' && !namespaced && (stringAt(subject, 'namespace') ?? '') === '') {
      problems.push(requiredValue(`${at}.namespace`));
    }
    return problems;
  });
}

function binding(namespaced: boolean): KindRules {
  const validate = (object: KubeObject): FieldError[] => {
    const reference = objectAt(object, 'roleRef');
    const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
    const kind = stringAt(reference, 'kind') ?? '';
    return [
      ...(reference['apiGroup'] === GROUP
        ? []
        : [notSupported('roleRef.apiGroup', reference['apiGroup'], [GROUP])]),
      ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
      ...((stringAt(reference, 'name') ?? '') === '' ? [requiredValue('roleRef.name')] : []),
      ...subjectProblems(object, namespaced),
    ];
  };
  return {
    nameProblems: pathSegment,
    defaults(draft) {
      const reference = child(draft, 'roleRef');
      fill(reference, { apiGroup: GROUP });
      for (const subject of items(draft, 'subjects')) {
        if (subject['kind'] !== 'ServiceAccount') fill(subject, { apiGroup: GROUP });
      }
    },
    validate,
    validateUpdate(object, old) {
      const reference = object['roleRef'];
      const changed = sameJson(reference, old['roleRef'])
        ? []
        : [invalidValue('roleRef', goReference(reference), 'cannot change roleRef')];
      return [...changed, ...validate(object)];
    },
  };
}

function goReference(reference: unknown): unknown {
  if (!isObject(reference)) return reference;
  return { APIGroup: reference['apiGroup'], Kind: reference['kind'], Name: reference['name'] };
}

export const clusterRole = role(false);
export const namespacedRole = role(true);
export const clusterRoleBinding = binding(false);
export const roleBinding = binding(true);
