import type { Probe } from '../controllers/objects.ts';
import type { ProbeResult } from './probe.ts';
import { createProbeTracker } from './probe-tracker.ts';

/** Wait between two questions to a container that has not answered well yet. */
const EAGER_MS = 300;

/** A probe that cannot even be asked, such as one with a path that no URL has, has failed. */
const failure = (error: Error): ProbeResult => ({ succeeded: false, message: error.message });

/**
 * Asks again and again until it is stopped. `onVerdict` hears of every result that meets a threshold, `onFailure` of
 * every failed question that counts.
 */
export function startProbeLoop(
  probe: Probe,
  ask: () => Promise<ProbeResult>,
  onVerdict: (verdict: 'success' | 'failure', message: string) => void,
): () => void {
  const tracker = createProbeTracker(probe);
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let stopped = false;
  let succeeded = false;
  let timer: NodeJS.Timeout | undefined;

  const next = (afterMs: number): void => {
    if (!stopped) timer = setTimeout(() => void question(), afterMs);
  };
  async function question(): Promise<void> {
    const { succeeded: well, message } = await ask().catch(failure);
    if (stopped) return;
    succeeded ||= well;
    const verdict = tracker.take(well, performance.now());
    if (verdict !== 'unchanged') onVerdict(verdict, message);
    next(succeeded ? periodMs : Math.min(EAGER_MS, periodMs));
  }
  next((probe.initialDelaySeconds ?? 0) * 1000);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
