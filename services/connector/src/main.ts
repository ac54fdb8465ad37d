import { ENV } from '@cofferdam/contracts';
import {
  createServiceClient,
  type Lifecycle,
  loadAccess,
  openTelemetry,
  openTls,
  openTrust,
  Readiness,
  type RunningService,
  runService,
  StartError,
  tokenSource,
} from '@cofferdam/runtime';
import packageJson from '../package.json' with { type: 'json' };
import { loadAccounts } from './accounts.ts';
import { readConfig } from './config.ts';
import { buildConnector } from './http/app.ts';
import { createAdapter } from './psp/providers.ts';
import { pspDuration } from './psp-duration.ts';
import { createReachabilityCheck } from './reachability.ts';
import { connectorStatus } from './status.ts';

/** One connector: the accounts of one PSPConnector at one PSP. */
async function serve(lifecycle: Lifecycle): Promise<RunningService> {
  const config = readConfig(process.env);
  const { POD_NAME, VAULT_ID } = config;
  const { version } = packageJson;
  const telemetry = await openTelemetry(config, { service: 'connector', version, lifecycle });
  const { logger, metrics, tracing } = telemetry;
  const readiness = new Readiness();
  const tls = await openTls(config, { lifecycle, logger, metrics, readiness });
  const pspTrust = await openTrust(config.ENDPOINT_CA_FILE, { logger, variable: ENV.endpointCaFile });
  lifecycle.onClose('trust in the psp', () => pspTrust.close());
  const { adapter, endpoint } = await createAdapter(config.PROVIDER, {
    endpoint: config.ENDPOINT,
    timeoutMs: config.TIMEOUT_MS,
    trust: pspTrust,
    tracing,
  });
  lifecycle.onClose('psp', () => adapter.close());
  const accounts = await loadAccounts({
    path: config.ACCOUNTS_FILE,
    directory: config.ACCOUNTS_DIR,
    adapter,
    logger,
  }).catch((error: unknown) => {
    throw new StartError(`ACCOUNTS_FILE is not usable: ${error instanceof Error ? error.message : error}`);
  });
  lifecycle.onClose('accounts', () => accounts.close());
  const access = await loadAccess({
    path: config.ACCESS_FILE,
    vaultId: VAULT_ID,
    readiness,
    logger,
    metrics,
  });
  lifecycle.onClose('access', () => access.close());
  const vault = createServiceClient({
    baseUrl: config.VAULT_URL,
    token: tokenSource(config.TOKEN_FILE),
    trust: tls.trust,
    tracing,
  });
  lifecycle.onClose('vault client', () => vault.close());

  const reachable = createReachabilityCheck(endpoint, { trust: pspTrust });
  const status = () =>
    connectorStatus({ version, instance: POD_NAME, vaultId: VAULT_ID, accounts, reachable });
  const app = buildConnector(
    { logger, metrics, tracing, readiness, access, status, tls: tls.credentials },
    { connector: config.CONNECTOR_NAME, accounts, vault, adapter, logger, duration: pspDuration(metrics) },
  );
  await app.listen({ host: config.HOST, port: config.PORT });
  lifecycle.onClose('http', () => app.close());
  logger.info(
    { provider: config.PROVIDER, endpoint: endpoint.host, accounts: accounts.list().length },
    'serving',
  );
  return { logger, readiness, serves: true };
}

await runService('connector', serve, {
  // A charge under way is finished: its answer is what the payment stands on.
  closeTimeoutMs: 25_000,
});
