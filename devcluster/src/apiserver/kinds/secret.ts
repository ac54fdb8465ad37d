import { invalidValue, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { type KubeObject, member, objectAt, stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { immutableProblems, keyProblems } from './configmap.ts';
import { child } from './draft.ts';

const REQUIRED: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function problems(object: KubeObject): FieldError[] {
  const type = stringAt(object, 'type') ?? '';
  const data = objectAt(object, 'data');
  const missing = (REQUIRED[type] ?? []).filter((key) => data[key] === undefined);
  const account = 'kubernetes.io/service-account.name';
  const unnamed =
    type === 'kubernetes.io/service-account-token' && (object.metadata.annotations?.[account] ?? '') === ''
      ? [requiredValue(`metadata.annotations[${account}]`)]
      : [];
  return [...keyProblems(object, 'data'), ...unnamed, ...missing.map((key) => requiredValue(`data[${key}]`))];
}

export const secret: KindRules = {
  defaults(draft) {
    draft['type'] ??= 'Opaque';
    // What is written as text is kept as data.
    const text = objectAt(draft, 'stringData');
    for (const [key, value] of Object.entries(text)) {
      child(draft, 'data')[key] = Buffer.from(String(value)).toString('base64');
    }
    delete draft['stringData'];
  },
  validate: problems,
  validateUpdate(object, old) {
    const type = stringAt(object, 'type');
    const changed = type === stringAt(old, 'type') ? [] : [invalidValue('type', type, 'field is immutable')];
    return [...changed, ...immutableProblems(object, old, ['data']), ...problems(object)];
  },
  selectableFields: (object) => ({ type: String(member(object, 'type') ?? '') }),
};
