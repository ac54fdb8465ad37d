import { canonicalQuantity, QUANTITY_ERROR } from '../kinds/quantity.ts';
import { microTimeError } from '../kinds/times.ts';
import { type Attribute, attributesOf, itemType, modelOf, valueType } from '../models.ts';
import { isObject } from '../object.ts';
import { goJsonType } from './json-text.ts';

/** `V1DeploymentSpec` is called DeploymentSpec in Go. */
function structName(model: string): string {
  return model.replace(
    /^(Core|Events|Rbac|Discovery|Authentication|Storage|Admissionregistration|Apiextensions)?V\d+((alpha|beta)\d+)?/,
    '',
  );
}

function goType({ type, format }: Attribute): string {
  const items = itemType(type);
  if (items !== undefined) return `[]${goType({ baseName: '', type: items, format })}`;
  const values = valueType(type);
  if (values !== undefined) return `map[string]${goType({ baseName: '', type: values, format })}`;
  switch (type) {
    case 'string':
      return format === 'byte' ? '[]uint8' : 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return format === '' ? 'int' : format === 'double' ? 'float64' : format;
    default:
      return `v1.${structName(type)}`;
  }
}

const QUANTITY_MAPS = new Set(['limits', 'requests', 'capacity', 'allocatable', 'hard', 'used', 'overhead']);
const QUANTITIES = new Set(['sizeLimit', 'divisor', 'value', 'averageValue']);

/** Whether the JSON value can be decoded into the type at all; what is inside is looked at separately. */
function fits(attribute: Attribute, value: unknown): boolean {
  const { type, baseName } = attribute;
  if (value === null) return true;
  if (itemType(type) !== undefined) return Array.isArray(value);
  if (valueType(type) !== undefined) return isObject(value);
  if (QUANTITIES.has(baseName)) return typeof value === 'string' || typeof value === 'number';
  switch (type) {
    case 'string':
    case 'Date':
    case 'V1MicroTime':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number' && (attribute.format === 'double' || Number.isInteger(value));
    case 'IntOrString':
      return typeof value === 'string' || typeof value === 'number';
    default:
      return attributesOf(type) === undefined || isObject(value);
  }
}

function quantityError(values: unknown[]): string | undefined {
  return values.every((value) => canonicalQuantity(value) !== undefined) ? undefined : QUANTITY_ERROR;
}

/** Texts that Go decodes into something else: bytes, times, quantities. */
function contentError(attribute: Attribute, value: unknown): string | undefined {
  const { type, format, baseName } = attribute;
  if (type === 'string' && QUANTITIES.has(baseName) && baseName !== 'value') return quantityError([value]);
  if (typeof value !== 'string') return undefined;
  if (type === 'V1MicroTime') return microTimeError(value);
  if (type === 'Date' && Number.isNaN(Date.parse(value))) {
    const [shown, layout] = [JSON.stringify(value), '"2006-01-02T15:04:05Z07:00"'];
    return `parsing time ${shown} as ${layout}: cannot parse ${shown} as "2006"`;
  }
  if (type === 'string' && format === 'byte') {
    const wrong = value.search(/[^A-Za-z0-9+/=\r\n]/);
    if (wrong >= 0) return `illegal base64 data at input byte ${wrong}`;
    if (value.replaceAll(/\s/g, '').length % 4 !== 0)
      return `illegal base64 data at input byte ${value.length}`;
  }
  return undefined;
}

interface Place {
  /** The innermost struct and the path in it, as Go names them. */
  struct: string;
  path: string;
}

function mismatchOf(attribute: Attribute, value: unknown, place: Place): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (!fits(attribute, value)) {
    const shown =
      typeof value === 'number' && attribute.type === 'number' ? `number ${value}` : goJsonType(value);
    return `json: cannot unmarshal ${shown} into Go struct field ${place.struct}.${place.path} of type ${goType(attribute)}`;
  }
  const unreadable = contentError(attribute, value);
  if (unreadable !== undefined) return unreadable;
  const inner = itemType(attribute.type) ?? valueType(attribute.type);
  if (inner !== undefined) {
    if (QUANTITY_MAPS.has(attribute.baseName)) return quantityError(Object.values(value));
    for (const member of Object.values(value)) {
      const found = mismatchOf({ ...attribute, baseName: '', type: inner }, member, place);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return isObject(value) ? mismatchIn(attribute.type, value, place) : undefined;
}

function mismatchIn(model: string, value: Record<string, unknown>, { path }: Place): string | undefined {
  for (const attribute of attributesOf(model) ?? []) {
    const inner = path === '' ? attribute.baseName : `${path}.${attribute.baseName}`;
    const found = mismatchOf(attribute, value[attribute.baseName], {
      struct: structName(model),
      path: inner,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The error that Go's decoder gives for a value of the wrong type; undefined when all fit.
 * Unknown fields are not its concern.
 */
export function typeMismatch(
  group: string,
  version: string,
  kind: string,
  object: Record<string, unknown>,
): string | undefined {
  return mismatchIn(modelOf({ group, version, kind }) ?? '', object, { struct: kind, path: '' });
}

/** The same for the metadata of a custom resource, which Go decodes on its own. */
export function metadataMismatch(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (!isObject(metadata)) {
    return `json: cannot unmarshal ${goJsonType(metadata)} into Go value of type v1.ObjectMeta`;
  }
  return mismatchIn('V1ObjectMeta', metadata, { struct: 'ObjectMeta', path: '' });
}
