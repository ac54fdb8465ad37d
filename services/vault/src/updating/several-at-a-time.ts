/** Each is a transaction by itself; more of them would take the connections that requests need. */
const AT_A_TIME = 4;

/** Does it for each, a few at a time. @returns what became of each, in their order; throws what the first throws */
export async function severalAtATime<T, R>(
  items: readonly T[],
  work: (item: T, place: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [place, item] of waiting) results[place] = await work(item, place);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return results;
}
