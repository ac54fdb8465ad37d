import type { Schema } from '../schema.ts';
import {
  difference,
  EMPTY_FIELD_SET,
  type FieldSet,
  intersection,
  isEmptySet,
  union,
  withNamedFields,
} from './field-set.ts';
import type { Managers } from './managers.ts';
import { removeItems } from './remove-items.ts';
import { toFieldSet } from './to-field-set.ts';

interface Pruning {
  readonly schema: Schema;
  /** Live object and applied configuration, merged. */
  readonly merged: unknown;
  /** All managers, the applying one with its new fields. */
  readonly managers: Managers;
  /** What the applying manager owned before. */
  readonly last: FieldSet;
}

/**
 * Removes the fields, map keys and list items that the manager applied last time, does not apply now, and nobody
 * else owns. Follows the three steps of structured-merge-diff's Updater.prune, whose results clients see: remove all
 * that was applied, add back what anybody owns, and add back what the manager did not own itself.
 */
export function pruneAbandoned({ schema, merged, managers, last }: Pruning): unknown {
  if (isEmptySet(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(set, schema);
  const everything = named(toFieldSet(schema, merged));

  const withoutLast = removeItems(schema, merged, named(last));
  let owned = EMPTY_FIELD_SET;
  for (const manager of managers.values()) owned = union(owned, manager.fields);
  const kept = union(named(toFieldSet(schema, withoutLast ?? {})), named(owned));
  const withOwned = removeItems(schema, merged, difference(everything, kept));

  const remaining = named(toFieldSet(schema, withOwned ?? {}));
  return removeItems(schema, merged, intersection(difference(everything, remaining), named(last)));
}
