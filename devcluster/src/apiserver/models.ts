import * as models from '@kubernetes/client-node/dist/gen/models/all.js';

/** One field of a generated model: its name in JSON, its type, and the format of numbers and texts. */
export interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** The fields of a model of `@kubernetes/client-node`; undefined when there is no such model. */
export function attributesOf(model: string): readonly Attribute[] | undefined {
  const found: unknown = (models as Record<string, unknown>)[model];
  if (typeof found !== 'function' || !('attributeTypeMap' in found)) return undefined;
  return found.attributeTypeMap as readonly Attribute[];
}

/** The model of a kind; a few kinds exist in two groups and carry the group in front. */
export function modelOf({
  group,
  version,
  kind,
}: {
  group: string;
  version: string;
  kind: string;
}): string | undefined {
  const prefix = `${version.charAt(0).toUpperCase()}${version.slice(1)}`;
  const first = (group === '' ? 'core' : (group.split('.')[0] ?? '')).replace(/^./, (c) => c.toUpperCase());
  return [`${prefix}${kind}`, `${first}${prefix}${kind}`].find((name) => attributesOf(name) !== undefined);
}

/** What a list holds. */
export function itemType(type: string): string | undefined {
  return /^Array<(.+)>$/.exec(type)?.[1];
}

/** What a map holds. */
export function valueType(type: string): string | undefined {
  return /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
}

/** The type inside lists and maps. */
export function innerType(type: string): string {
  const inner = itemType(type) ?? valueType(type);
  return inner === undefined ? type : innerType(inner);
}
