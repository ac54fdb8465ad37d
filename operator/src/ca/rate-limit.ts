/** Whether a caller may go on: `burst` times at once, and once more every `everyMs`. */
export function createRateLimit(options: {
  burst: number;
  everyMs: number;
  /** Milliseconds that only grow. */
  monotonicMs: () => number;
  /** Callers that are remembered; the longest unseen is forgotten first. */
  callers?: number;
}): (caller: string) => boolean {
  const { burst, everyMs, monotonicMs, callers = 10_000 } = options;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (caller) => {
    const now = monotonicMs();
    const { tokens, at } = buckets.get(caller) ?? { tokens: burst, at: now };
    const filled = Math.min(burst, tokens + (now - at) / everyMs);
    // A Map keeps the order of insertion: whoever asks moves to the end.
    buckets.delete(caller);
    const allowed = filled >= 1;
    buckets.set(caller, { tokens: allowed ? filled - 1 : filled, at: now });
    for (const oldest of buckets.keys()) {
      if (buckets.size <= callers) break;
      buckets.delete(oldest);
    }
    return allowed;
  };
}
