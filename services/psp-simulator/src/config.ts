import { ENV } from '@cofferdam/contracts';
import { commonSettings, readEnvironment } from '@cofferdam/runtime';
import { z } from 'zod';

const port = (standard: number) => z.coerce.number().int().min(0).max(65_535).default(standard);
const list = z
  .string()
  .default('')
  .transform((value) => value.split(',').filter((entry) => entry !== ''));

const Settings = z.object({
  ...commonSettings,
  [ENV.tlsDirectory]: z.string().describe('directory with tls.crt and tls.key, for the protocols'),
  STRIPE_PORT: port(8081).describe('port of the Stripe protocol'),
  ADYEN_PORT: port(8082).describe('port of the Adyen protocol'),
  UPDATER_PORT: port(8083).describe('port of the account updater'),
  SLOW_MS: z.coerce.number().int().min(0).max(120_000).default(3000).describe('delay of a slow answer, ms'),
  STRIPE_API_KEYS: list.describe('comma-separated; the only keys that are taken'),
  ADYEN_API_KEYS: list.describe('comma-separated; the only keys that are taken'),
  UPDATER_TOKENS: list.describe('comma-separated; the only tokens that are taken'),
});

/** Settings of the simulator from the environment. @throws StartError naming the variable */
export function readConfig(env: Record<string, string | undefined>) {
  return readEnvironment(Settings, env);
}
