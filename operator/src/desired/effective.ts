import {
  componentSize,
  type Images,
  type PaymentVault,
  type PaymentVaultStatus,
  type PSPConnector,
  type PSPConnectorStatus,
} from '@cofferdam/crds';
import { withDefaults } from './with-defaults.ts';

type EffectiveVault = NonNullable<PaymentVaultStatus['effective']>;
type EffectiveConnector = NonNullable<PSPConnectorStatus['effective']>;

/** The schema has no defaults, so that a GitOps tool never sees a difference: these are they. */
export function effectiveVault(vault: PaymentVault, shipped: Images) {
  const { spec } = vault;
  const { merchantKeys: _, ...keys } = spec.keys ?? {};
  return {
    images: spec.images ?? shipped,
    keys: withDefaults({ rekeyGeneration: 0, dataKeyMaxAgeHours: 168, kmsOutageMinutes: 60 }, keys),
    ...(spec.kms.create === undefined
      ? {}
      : { keyCreation: withDefaults({ rotationDays: 365, deletionWindowDays: 30 }, spec.kms.create) }),
    ...(spec.kafka === undefined
      ? {}
      : {
          topics: withDefaults(
            {
              partitions: 12,
              replicationFactor: 3,
              minInSyncReplicas: Math.min(2, spec.kafka.topics?.replicationFactor ?? 3),
              retentionHours: 168,
              auditRetentionHours: 8784,
            },
            spec.kafka.topics,
          ),
        }),
    backupRetentionDays: spec.database.backupRetentionDays ?? 35,
    events: withDefaults({ retentionHours: 168 }, spec.events),
    limits: withDefaults({ requestsPerSecond: 20_000 }, spec.limits),
    tokens: withDefaults(
      { format: 'Opaque', deduplicate: 'Merchant', cvcTtlSeconds: 900 } as const,
      spec.tokens,
    ),
    cascade: withDefaults(
      {
        maxAttempts: 3,
        onSoftDecline: 'NextConnector',
        deadlineMilliseconds: 30_000,
      } as const,
      spec.router?.cascade,
    ),
    scaling: {
      vault: componentSize(spec.scaling?.vault),
      router: componentSize(spec.scaling?.router),
      connectors: componentSize(spec.scaling?.connectors),
    },
    deletionPolicy: spec.deletionPolicy ?? 'Retain',
  } satisfies EffectiveVault;
}

export function effectiveConnector(connector: PSPConnector) {
  const { routing, limits, resilience } = connector.spec;
  return {
    routing: withDefaults({ priority: 100, weight: 100 }, routing),
    limits: withDefaults({ concurrency: 256 }, limits),
    resilience: {
      timeoutMilliseconds: resilience?.timeoutMilliseconds ?? 10_000,
      circuitBreaker: withDefaults(
        {
          failurePercent: 50,
          minimumRequests: 20,
          windowSeconds: 30,
          openSeconds: 15,
          halfOpenProbes: 3,
        },
        resilience?.circuitBreaker,
      ),
    },
  } satisfies EffectiveConnector;
}
