import type { Counter, Metrics } from '@cofferdam/runtime';

/** Of results that came in: how, what they said, and what became of them (an outcome, or the code of a problem). */
export function updateCounter(metrics: Metrics): Counter {
  return metrics.meter.createCounter('cofferdam_credential_updates', {
    description: 'Results of account updaters, by way, code and outcome.',
  });
}
