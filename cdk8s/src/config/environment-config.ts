import { Label, PaymentVaultSpec, PSPConnectorSpec } from '@cofferdam/crds';
import { z } from 'zod';
import { checkEnvironment } from './environment-rules.ts';
import { ExternalSecretsConfig } from './external-secrets-config.ts';
import { GatewayConfig } from './gateway-config.ts';
import { checkObservability, ObservabilityConfig } from './observability-config.ts';
import { OperatorConfig } from './operator-config.ts';
import { QuotaConfig } from './quota-config.ts';
import { SlosConfig } from './slo-config.ts';

/** A PaymentVault's spec and its name; the images come from release.yaml. */
const VaultConfig = PaymentVaultSpec.omit({ images: true }).extend({ name: Label });
export type VaultConfig = z.infer<typeof VaultConfig>;

/** A PSPConnector's spec and its name; its vault is the environment's. */
const ConnectorConfig = PSPConnectorSpec.omit({ vaultRef: true }).extend({ name: Label });
export type ConnectorConfig = z.infer<typeof ConnectorConfig>;

/** `environments/<env>/config.yaml`: everything about an environment but the images that run in it. */
export const EnvironmentConfig = z
  .strictObject({
    namespace: Label,
    operator: OperatorConfig.optional().describe('For an environment with a cluster of its own.'),
    vault: VaultConfig,
    connectors: z.array(ConnectorConfig),
    clients: z
      .array(z.strictObject({ name: Label }))
      .optional()
      .describe('ServiceAccounts of applications that call vault and router.'),
    pspSimulator: z
      .strictObject({ namespace: Label })
      .optional()
      .describe('Stands in for the PSPs; not for real payments.'),
    quota: QuotaConfig.optional(),
    externalSecrets: ExternalSecretsConfig.optional(),
    gateway: GatewayConfig.optional(),
    slos: SlosConfig.optional(),
    observability: ObservabilityConfig.optional(),
  })
  .superRefine(checkObservability)
  .superRefine(checkEnvironment);
export type EnvironmentConfig = z.infer<typeof EnvironmentConfig>;
