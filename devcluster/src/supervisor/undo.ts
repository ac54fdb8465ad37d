export type Undo = () => Promise<void> | void;

/**
 * Undoes steps, the last one first, and forgets them. One that fails keeps none of the others from being undone.
 *
 * @throws the first failure, at the end
 */
export async function undoAll(steps: Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (let undo = steps.pop(); undo !== undefined; undo = steps.pop()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
