import type { z } from 'zod';

/** A CEL rule that the API server evaluates (`x-kubernetes-validations`); Zod itself does not. */
export interface CelRule {
  readonly rule: string;
  /** What is wanted, in words: it is all that the user sees. */
  readonly message: string;
  /** The member at fault, relative to the schema that holds the rule: `.amountMax`. */
  readonly fieldPath?: string;
}

/** Attaches CEL rules. Rules on a list's items cannot be transition rules (`oldSelf`) unless the list is a map. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly CelRule[]): S {
  return schema.meta({ 'x-kubernetes-validations': rules });
}

/** May be set once and never changed. That it is not removed either is a rule of the parent, where it is optional. */
export function immutable<S extends z.ZodType>(schema: S, why: string): S {
  return withRules(schema, { rule: 'self == oldSelf', message: `is immutable: ${why}` });
}

/** A list whose items are merged by these members, which are unique in it. */
export function listMap<S extends z.ZodArray>(schema: S, ...keys: readonly [string, ...string[]]): S {
  return schema.meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

/** A list of scalars without duplicates. */
export function listSet<S extends z.ZodArray>(schema: S): S {
  return schema.meta({ 'x-kubernetes-list-type': 'set' });
}
