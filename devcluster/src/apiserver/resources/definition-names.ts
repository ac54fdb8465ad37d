import { type JsonObject, type KubeObject, listAt, member, objectAt, stringAt } from '../object.ts';

export interface Acceptance {
  /** The names that nobody else in the group has. */
  accepted: JsonObject;
  /** The last conflict, as the condition reports it. */
  conflict: { reason: string; message: string } | undefined;
}

/** Names of the other definitions of the group. */
function namesTaken(others: KubeObject[]): { resources: Set<string>; kinds: Set<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of others) {
    const names = objectAt(other, 'status', 'acceptedNames');
    for (const name of [
      stringAt(names, 'plural'),
      stringAt(names, 'singular'),
      ...listAt(names, 'shortNames'),
    ]) {
      if (typeof name === 'string' && name !== '') resources.add(name);
    }
    for (const name of [stringAt(names, 'kind'), stringAt(names, 'listKind')]) {
      if (name !== undefined && name !== '') kinds.add(name);
    }
  }
  return { resources, kinds };
}

function groupOf(definition: KubeObject): string | undefined {
  return stringAt(definition, 'spec', 'group');
}

/** Which names a definition gets: those that no other definition of its group has been given. */
export function acceptNames(definition: KubeObject, all: KubeObject[]): Acceptance {
  const others = all.filter(
    (other) => other.metadata.name !== definition.metadata.name && groupOf(other) === groupOf(definition),
  );
  const taken = namesTaken(others);
  const wanted = objectAt(definition, 'spec', 'names');
  const before = objectAt(definition, 'status', 'acceptedNames');
  const accepted: JsonObject = { ...before };
  let conflict: Acceptance['conflict'];
  const refuse = (reason: string, name: string): void => {
    conflict = { reason, message: `${JSON.stringify(name)} is already in use` };
  };
  const fields = [
    ['plural', 'PluralConflict', taken.resources],
    ['singular', 'SingularConflict', taken.resources],
    ['kind', 'KindConflict', taken.kinds],
    ['listKind', 'ListKindConflict', taken.kinds],
  ] as const;
  for (const [field, reason, names] of fields) {
    const name = stringAt(wanted, field) ?? '';
    if (names.has(name)) refuse(reason, name);
    else accepted[field] = name;
  }
  const shortNames = listAt(wanted, 'shortNames').map(String);
  const clash = shortNames.find((name) => taken.resources.has(name));
  if (clash !== undefined) refuse('ShortNamesConflict', clash);
  else if (shortNames.length > 0) accepted['shortNames'] = shortNames;
  else delete accepted['shortNames'];
  const categories = member(wanted, 'categories');
  if (Array.isArray(categories)) accepted['categories'] = categories;
  else delete accepted['categories'];
  return { accepted, conflict };
}
