import type { SlosConfig } from '../../src/config/slo-config.ts';
import type { Scope } from '../../src/slo/slos.ts';

/** One objective of each kind. */
export const SLOS: SlosConfig = {
  availability: { vault: { objectivePercent: 99.95 }, router: { objectivePercent: 99.9 } },
  latency: {
    vault: { objectivePercent: 99, thresholdMilliseconds: 250 },
    router: { objectivePercent: 99, thresholdMilliseconds: 5000 },
  },
  outboxLag: { objectivePercent: 99, thresholdSeconds: 60 },
  unknownAge: { objectivePercent: 99, thresholdSeconds: 3600 },
};

export const SCOPE: Scope = { environment: 'staging', namespace: 'payments-staging', vault: 'payments' };
