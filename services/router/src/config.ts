import { ENV } from '@cofferdam/contracts';
import {
  callerSettings,
  commonSettings,
  databaseSettings,
  httpsUrl,
  outboxSettings,
  readEnvironment,
  tlsSettings,
} from '@cofferdam/runtime';
import { z } from 'zod';

const Settings = z.object({
  ...commonSettings,
  ...databaseSettings,
  ...outboxSettings,
  ...callerSettings,
  ...tlsSettings,
  [ENV.accessFile]: z.string().describe('path of the JSON file with issuers and access rules'),
  [ENV.routingFile]: z.string().describe('path of the JSON file with connectors and rules'),
  [ENV.vaultUrl]: httpsUrl.describe('base URL of the vault'),
  [ENV.tokenFile]: z.string().describe('file with our own service-account token'),
});

type Environment = Record<string, string | undefined>;
export type ServeConfig = z.infer<typeof Settings>;

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readServeConfig(env: Environment): ServeConfig {
  return readEnvironment(Settings, env);
}
