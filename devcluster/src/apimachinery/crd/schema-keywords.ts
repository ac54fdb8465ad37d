import { type FieldError, forbidden, invalidValue, notSupported, requiredValue } from '../field-error.ts';
import type { Schema } from '../schema.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

/** Keywords that Kubernetes does not support, and extensions that contradict each other; in all schemas inside. */
export function validateKeywords(schema: Schema, path: string): FieldError[] {
  return [
    ...plainKeywords(schema, path),
    ...mapTypeErrors(schema, path),
    ...listTypeErrors(schema, path),
    ...innerSchemas(schema, path).flatMap(([inner, at]) => validateKeywords(inner, at)),
    ...ruleTextErrors(schema, path),
  ];
}

export function hasUnsupportedKeywords(schema: Schema): boolean {
  if (UNSUPPORTED.some((key) => Object.hasOwn(schema, key))) return true;
  return innerSchemas(schema, '').some(([inner]) => hasUnsupportedKeywords(inner));
}

function innerSchemas(schema: Schema, path: string): [Schema, string][] {
  const branches = (['allOf', 'oneOf', 'anyOf'] as const).flatMap((key) =>
    (schema[key] ?? []).map((branch, i): [Schema, string] => [branch, `${path}.${key}[${i}]`]),
  );
  const extra = schema.additionalProperties;
  return [
    ...(typeof extra === 'object' ? [[extra, `${path}.additionalProperties`] as [Schema, string]] : []),
    ...Object.entries(schema.properties ?? {}).map(([name, property]): [Schema, string] => [
      property,
      `${path}.properties[${name}]`,
    ]),
    ...(schema.not === undefined ? [] : [[schema.not, `${path}.not`] as [Schema, string]]),
    ...branches,
    ...(schema.items === undefined ? [] : [[schema.items, `${path}.items`] as [Schema, string]]),
  ];
}

function plainKeywords(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type } = schema;
  if (type !== undefined && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  for (const key of UNSUPPORTED) {
    if (Object.hasOwn(schema, key)) errors.push(forbidden(`${path}.${key}`, `${key} is not supported`));
  }
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbidden(`${path}.uniqueItems`, detail));
  }
  const { additionalProperties, properties = {} } = schema;
  if (
    additionalProperties !== undefined &&
    additionalProperties !== true &&
    Object.keys(properties).length > 0
  ) {
    const detail = 'additionalProperties and properties are mutual exclusive';
    errors.push(forbidden(`${path}.additionalProperties`, detail));
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(
      invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    );
  }
  return errors;
}

function mustBe(schema: Schema, type: string, keyword: string, path: string): FieldError[] {
  if (schema.type === type) return [];
  const detail = `must be ${type} if ${keyword} is specified`;
  if (schema.type === undefined) return [requiredValue(`${path}.type`, detail)];
  return [invalidValue(`${path}.type`, schema.type, detail)];
}

function mapTypeErrors(schema: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-map-type'];
  if (type === undefined) return [];
  const known = ['atomic', 'granular'];
  return [
    ...mustBe(schema, 'object', 'x-kubernetes-map-type', path),
    ...(known.includes(type) ? [] : [notSupported(`${path}.x-kubernetes-map-type`, type, known)]),
  ];
}

function listTypeErrors(schema: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const errors: FieldError[] = [];
  const typePath = `${path}.x-kubernetes-list-type`;
  if (keys.length > 0 && type !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(type === undefined ? requiredValue(typePath, detail) : invalidValue(typePath, type, detail));
  }
  if (type === undefined) return errors;
  errors.push(...mustBe(schema, 'array', 'x-kubernetes-list-type', path));
  const known = ['atomic', 'set', 'map'];
  if (!known.includes(type)) errors.push(notSupported(typePath, type, known));
  if (type === 'set') errors.push(...setItemErrors(schema, path));
  if (type === 'map') errors.push(...mapItemErrors(schema, path));
  if (type !== 'atomic' && schema.items?.nullable === true) {
    errors.push(
      forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${type}`),
    );
  }
  return errors;
}

function setItemErrors(schema: Schema, path: string): FieldError[] {
  const { items } = schema;
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (items?.type === 'array' && (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic') {
    return [invalidValue(`${path}.items.x-kubernetes-list-type`, items['x-kubernetes-list-type'], detail)];
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [
      invalidValue(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-list-type'] ?? null, detail),
    ];
  }
  return [];
}

function mapItemErrors(schema: Schema, path: string): FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const { items } = schema;
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  const errors: FieldError[] = [];
  if (keys.length === 0)
    errors.push(requiredValue(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    return [...errors, requiredValue(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')];
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalidValue(`${path}.items.type`, items.type ?? '', detail)];
  }
  if (new Set(keys).size < keys.length)
    errors.push(invalidValue(keysPath, keys, 'must not contain duplicate entries'));
  for (const key of keys) errors.push(...keyErrors(items, key, { path, keysPath, keys }));
  return errors;
}

interface KeyPlace {
  readonly path: string;
  readonly keysPath: string;
  readonly keys: readonly string[];
}

function keyErrors(items: Schema, key: string, { path, keysPath, keys }: KeyPlace): FieldError[] {
  const property = items.properties?.[key];
  if (property === undefined)
    return [invalidValue(keysPath, keys, 'entries must all be names of item properties')];
  const at = `${path}.items.properties[${key}]`;
  const errors: FieldError[] = [];
  if (property.type === 'array' || property.type === 'object') {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(invalidValue(`${at}.type`, items.type, detail));
  }
  const inKeys = 'this property is in x-kubernetes-list-map-keys, so it';
  if (!(items.required ?? []).includes(key) && property.default === undefined) {
    errors.push(requiredValue(`${at}.default`, `${inKeys} must have a default or be a required property`));
  }
  if (property.nullable === true) errors.push(forbidden(`${at}.nullable`, `${inKeys} cannot be nullable`));
  return errors;
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

function ruleTextErrors(schema: Schema, path: string): FieldError[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const text = rule.rule.trim();
    const message = rule.message?.trim() ?? '';
    const errors: FieldError[] = [];
    if (text === '') errors.push(requiredValue(`${at}.rule`, 'rule is not specified'));
    else if (rule.message && message === '') {
      errors.push(invalidValue(`${at}.message`, rule.message, 'must be non-empty if specified'));
    } else if (message.includes('\n')) {
      errors.push(invalidValue(`${at}.message`, rule.message, 'must not contain line breaks'));
    } else if (text.includes('\n') && message === '') {
      errors.push(requiredValue(`${at}.message`, 'message must be specified if rule contains line breaks'));
    }
    if (rule.messageExpression && rule.messageExpression.trim() === '') {
      errors.push(
        requiredValue(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'),
      );
    }
    if (rule.reason !== undefined && !REASONS.includes(rule.reason)) {
      errors.push(notSupported(`${at}.reason`, rule.reason, REASONS));
    }
    return errors;
  });
}
