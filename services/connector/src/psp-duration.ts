import type { Metrics } from '@cofferdam/runtime';

/** How long the PSP took to answer, by provider and outcome. */
export function pspDuration(metrics: Metrics): Metrics['requestDuration'] {
  return metrics.meter.createHistogram('cofferdam_psp_request_duration_seconds', {
    description: 'Duration of charges at the PSP, by provider and outcome.',
  });
}
