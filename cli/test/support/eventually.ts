/**
 * Repeats an assertion until it holds; its own failure is what is thrown when it never does. Not more often than twice a
 * second: each kubectl takes a tenth of a second of a core from the cluster that it asks.
 */
export async function eventually(assertion: () => Promise<void>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
