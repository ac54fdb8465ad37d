import { ENV, VaultId } from '@cofferdam/contracts';
import { commonSettings, httpsUrl, readEnvironment, tlsSettings } from '@cofferdam/runtime';
import { z } from 'zod';
import { PROVIDER_NAMES } from './psp/providers.ts';

const path = z.string();

const Settings = z.object({
  ...commonSettings,
  ...tlsSettings,
  [ENV.vaultId]: VaultId.describe('the vault whose cards are charged'),
  [ENV.connectorName]: z.string().max(63).describe('name of the PSPConnector'),
  [ENV.provider]: z.enum(PROVIDER_NAMES).describe(`one of ${PROVIDER_NAMES.join(', ')}`),
  [ENV.endpoint]: httpsUrl.optional().describe("base URL of the PSP instead of the provider's own"),
  [ENV.endpointCaFile]: path.optional().describe('PEM of the authorities that ENDPOINT is verified by'),
  [ENV.timeoutMs]: z.coerce
    .number()
    .int()
    .min(100)
    .max(120_000)
    .default(10_000)
    .describe('longest wait for the PSP, 100 to 120000 ms'),
  [ENV.accessFile]: path.describe('JSON file of access rules'),
  [ENV.accountsFile]: path.describe('JSON file of accounts'),
  [ENV.accountsDirectory]: path.describe('directory with one directory of credentials an account'),
  [ENV.vaultUrl]: httpsUrl.describe('base URL of the vault'),
  [ENV.tokenFile]: path.describe('file with our own service-account token'),
});

export type ConnectorConfig = z.infer<typeof Settings>;

/** Settings of a connector from the environment. @throws StartError naming the variable */
export function readConfig(env: Record<string, string | undefined>): ConnectorConfig {
  return readEnvironment(Settings, env);
}
