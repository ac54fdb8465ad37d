/** Each is a transaction by itself; more of them would take the connections that requests need. */
const AT_A_TIME = 4;

/**
 * Does it for each, a few at a time. After one that throws none is begun.
 *
 * @returns what became of each, in their order
 * @throws what the first threw, when nothing is under way any more: whoever is told that it failed may do it again
 */
export async function severalAtATime<T, R>(
  items: readonly T[],
  work: (item: T, place: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const waiting = items.entries();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const [place, item] of waiting) {
      if (failures.length > 0) return;
      try {
        results[place] = await work(item, place);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
