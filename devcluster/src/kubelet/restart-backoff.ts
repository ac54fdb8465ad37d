export type RestartBackoff = {
  /** Wait before the restart that is due now; the first one comes at once. */
  next(ranForMs: number): number;
};

/** The kubelet's CrashLoopBackOff: at once, then `baseMs` doubling up to five minutes, forgotten after ten good ones. */
export function createRestartBackoff(
  baseMs: number,
  maxMs = 300_000,
  forgetAfterMs = 600_000,
): RestartBackoff {
  let failures = 0;
  return {
    next(ranForMs) {
      if (ranForMs >= forgetAfterMs) failures = 0;
      const wait = failures === 0 ? 0 : Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 20));
      failures += 1;
      return wait;
    },
  };
}
