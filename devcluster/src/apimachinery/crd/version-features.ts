import { duplicateValue, type FieldError, invalidValue, requiredValue, tooMany } from '../field-error.ts';
import { isObject, own } from '../json.ts';
import type { Schema } from '../schema.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MOST_SELECTABLE_FIELDS = 8;

function textOf(value: unknown, key: string): string {
  const found = isObject(value) ? own(value, key) : undefined;
  return typeof found === 'string' ? found : '';
}

/** `additionalPrinterColumns` of a version. */
export function columnErrors(columns: unknown, path: string): FieldError[] {
  if (!Array.isArray(columns)) return [];
  return columns.flatMap((column, i) => {
    const at = `${path}[${i}]`;
    const [name, type, format] = [textOf(column, 'name'), textOf(column, 'type'), textOf(column, 'format')];
    const errors: FieldError[] = [];
    const oneOf = (list: string[]) => `must be one of ${list.join(',')}`;
    if (name === '') errors.push(requiredValue(`${at}.name`));
    if (type === '') errors.push(requiredValue(`${at}.type`, oneOf(COLUMN_TYPES)));
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalidValue(`${at}.type`, type, oneOf(COLUMN_TYPES)));
    if (format !== '' && !COLUMN_FORMATS.includes(format)) {
      errors.push(invalidValue(`${at}.format`, format, oneOf(COLUMN_FORMATS)));
    }
    return [...errors, ...jsonPathErrors(textOf(column, 'jsonPath'), `${at}.JSONPath`)];
  });
}

function jsonPathErrors(text: string, path: string): FieldError[] {
  if (text === '') return [requiredValue(path)];
  return text.startsWith('.') ? [] : [invalidValue(path, text, 'must be a simple json path starting with .')];
}

/** `subresources.scale` of a version. */
export function scaleErrors(subresources: unknown, path: string): FieldError[] {
  const scale = isObject(subresources) ? own(subresources, 'scale') : undefined;
  if (!isObject(scale)) return [];
  const check = (key: string, roots: readonly string[], detail: string) => {
    const text = textOf(scale, key);
    const at = `${path}.scale.${key}`;
    const errors = jsonPathErrors(text, at);
    if (errors.length > 0 || roots.some((root) => text.startsWith(`.${root}.`))) return errors;
    return [invalidValue(at, text, detail)];
  };
  const selector = textOf(scale, 'labelSelectorPath');
  return [
    ...check('specReplicasPath', ['spec'], 'should be a json path under .spec'),
    ...check('statusReplicasPath', ['status'], 'should be a json path under .status'),
    ...(selector === ''
      ? []
      : check(
          'labelSelectorPath',
          ['spec', 'status'],
          'should be a json path under either .spec or .status',
        )),
  ];
}

/** `selectableFields` of a version, which must be scalars of its schema. */
export function selectableFieldErrors(fields: unknown, schema: Schema, path: string): FieldError[] {
  if (!Array.isArray(fields)) return [];
  const seen = new Set<string>();
  const errors = fields.flatMap((field, i) => {
    const text = textOf(field, 'jsonPath');
    const at = `${path}[${i}].jsonPath`;
    if (text === '') return [requiredValue(at)];
    const found = schemaAt(schema, text);
    if (found === undefined)
      return [invalidValue(at, text, 'is an invalid path: does not refer to a valid field')];
    const problems: FieldError[] = [];
    if (text.startsWith('.metadata'))
      problems.push(invalidValue(at, text, 'must not point to fields in metadata'));
    if (!/^(string|boolean|integer)$/.test(found.type ?? '')) {
      const detail =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      problems.push(invalidValue(at, text, detail));
    }
    if (seen.has(text)) problems.push(duplicateValue(at, text));
    seen.add(text);
    return problems;
  });
  if (seen.size > MOST_SELECTABLE_FIELDS) errors.push(tooMany(path, seen.size, MOST_SELECTABLE_FIELDS));
  return errors;
}

function schemaAt(schema: Schema, path: string): Schema | undefined {
  if (!path.startsWith('.')) return undefined;
  let current: Schema | undefined = schema;
  for (const key of path.slice(1).split('.')) current = own(current?.properties, key);
  return current;
}
