import { ENV } from '@cofferdam/contracts';
import {
  createLogger,
  credentialsFromDirectory,
  type Lifecycle,
  notUsable,
  type RunningService,
  runService,
} from '@cofferdam/runtime';
import { readConfig } from './config.ts';
import { startSimulator } from './simulator.ts';

async function serve(lifecycle: Lifecycle): Promise<RunningService> {
  const config = readConfig(process.env);
  const logger = createLogger({
    service: 'psp-simulator',
    level: config.LOG_LEVEL,
    instance: config.POD_NAME,
  });
  const tls = await credentialsFromDirectory(config.TLS_DIR, { logger }).catch(notUsable(ENV.tlsDirectory));
  lifecycle.onClose('certificate', () => tls.close());
  const simulator = await startSimulator({
    logger,
    tls,
    host: config.HOST,
    adminPort: config.PORT,
    stripePort: config.STRIPE_PORT,
    adyenPort: config.ADYEN_PORT,
    updaterPort: config.UPDATER_PORT,
    slowMs: config.SLOW_MS,
    stripeApiKeys: config.STRIPE_API_KEYS,
    adyenApiKeys: config.ADYEN_API_KEYS,
    updaterTokens: config.UPDATER_TOKENS,
  });
  lifecycle.onClose('listeners', () => simulator.close());
  const { adminUrl, stripeUrl, adyenUrl, updaterUrl } = simulator;
  logger.info({ adminUrl, stripeUrl, adyenUrl, updaterUrl }, 'serving');
  return { logger, serves: true };
}

await runService('psp-simulator', serve);
