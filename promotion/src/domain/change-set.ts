/** Path from the root -> text; undefined: the file goes. */
export type ChangeSet = ReadonlyMap<string, string | undefined>;

/** What has to change below a directory so that it holds exactly these files. */
export function changeSet(
  directory: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ChangeSet {
  const changed = new Map<string, string | undefined>();
  for (const [name, text] of after) if (before.get(name) !== text) changed.set(`${directory}/${name}`, text);
  for (const name of before.keys()) if (!after.has(name)) changed.set(`${directory}/${name}`, undefined);
  return new Map([...changed].sort(([a], [b]) => (a < b ? -1 : 1)));
}
