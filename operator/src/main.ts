import { randomBytes } from 'node:crypto';
import { createLogger, createMetrics, runService, StartError } from '@cofferdam/runtime/process';
import packageJson from '../package.json' with { type: 'json' };
import { authorityOf, certificateUrl, startCertificates } from './certificates.ts';
import { conditionMetrics } from './condition-metrics.ts';
import { readSettings, type Settings } from './config.ts';
import { debugPages } from './debug-pages.ts';
import { topicManagementOnDemand } from './effects/kafka-on-demand.ts';
import { awsKeyManagement } from './effects/kms-aws.ts';
import { kmsCare } from './effects/kms-care.ts';
import { statuszReader } from './effects/statusz.ts';
import {
  type ClusterConfig,
  createClient,
  createTransport,
  loadClusterConfig,
  systemClock,
} from './engine/index.ts';
import { OperatorError } from './errors.ts';
import { serve } from './http.ts';
import { type ExternalCalls, operatorMetrics } from './metrics.ts';
import { createOperator, type Operator, RESYNC } from './operator.ts';
import type { OperatorIdentity } from './reconcile/cluster-facts.ts';

await runService(
  'operator',
  async (lifecycle) => {
    const settings = readSettings(process.env);
    const logger = createLogger({
      service: 'operator',
      level: settings.LOG_LEVEL,
      instance: settings.POD_NAME,
    });
    const metrics = createMetrics();
    const instruments = operatorMetrics(metrics);
    const cluster = await connect();
    const transport = createTransport(cluster, {
      userAgent: 'cofferdam-operator',
      onAttempt: instruments.requested,
      rate: { perSecond: settings.KUBE_API_QPS, burst: settings.KUBE_API_BURST },
    });
    lifecycle.onClose('connections', () => transport.close());

    const statusz = statuszReader({
      tokenFile: settings.STATUSZ_TOKEN_FILE,
      onFailure: (url, error) => logger.debug({ url, err: error }, 'statusz cannot be read'),
    });
    lifecycle.onClose('statusz', () => statusz.close());

    const operator = createOperator({
      transport,
      ...authorityOf(settings, logger),
      statusz,
      metrics: instruments,
      keys: keyManagement(settings, instruments.external),
      topics: topicManagementOnDemand({ observe: instruments.external }, ({ kafkaSources }) =>
        kafkaSources(createClient({ transport }), settings.LEASE_NAMESPACE),
      ),
      log: logger,
      workers: settings.WORKERS,
      resync: { ...RESYNC, readyMs: settings.RESYNC_SECONDS * 1000 },
      namespaces: settings.WATCH_NAMESPACES,
      identity: identityOf(settings),
      lease: {
        namespace: settings.LEASE_NAMESPACE,
        name: settings.LEASE_NAME,
        // Two processes of one name must not take each other's lease for their own.
        holder: `${settings.POD_NAME}_${randomBytes(4).toString('hex')}`,
      },
    });
    instruments.observe({
      depth: () => operator.controller()?.queue.depth ?? 0,
      activeMs: () => operator.controller()?.queue.activeMs() ?? [],
      workers: settings.WORKERS,
      leading: () => operator.elector.isLeading(),
    });

    const http = await serve(
      {
        '/healthz': () => ({ body: 'ok\n' }),
        '/readyz': () =>
          operator.caches.hasSynced()
            ? { body: 'ok\n' }
            : { status: 503, body: 'caches are not filled yet\n' },
        '/metrics': async () => ({
          type: 'text/plain; version=0.0.4; charset=utf-8',
          body: (await metrics.text()) + conditionMetrics(resourcesOf(operator.caches)),
        }),
        ...debugPages(operator),
      },
      { host: settings.HOST, port: settings.PORT },
    );
    lifecycle.onClose('http', () => http.close());

    await startCertificates(lifecycle, operator, { transport, settings, log: logger, metrics: instruments });

    const stopping = new AbortController();
    const work = operator.run(stopping.signal).then(() => {
      // Nothing was sent since; a new process starts from a clean state.
      if (!stopping.signal.aborted) throw new OperatorError('leadership_lost', 'the lease is lost');
    });
    lifecycle.onClose('operator', async () => {
      stopping.abort();
      await work;
    });
    logger.info({ server: cluster.server, port: http.port }, 'started');
    return { logger, serves: true };
  },
  { closeTimeoutMs: 10_000 },
);

async function connect(): Promise<ClusterConfig> {
  try {
    return await loadClusterConfig(process.env);
  } catch (error) {
    throw new StartError(
      `no cluster to work on: ${error instanceof Error ? error.message : error}; set KUBECONFIG`,
    );
  }
}

function keyManagement({ KMS_QUOTA_PERCENT: quotaPercent }: Settings, observe: ExternalCalls) {
  const care = kmsCare({ clock: systemClock, random: Math.random, quotaPercent, observe });
  return awsKeyManagement(undefined, care);
}

function identityOf(settings: Settings): OperatorIdentity {
  return {
    namespace: settings.LEASE_NAMESPACE,
    serviceAccount: settings.OPERATOR_SERVICE_ACCOUNT,
    images: imagesOf(settings),
    granteesFile: settings.GRANTEES_FILE,
    certificateUrl: certificateUrl(settings),
    version: packageJson.version,
    operatorImage: settings.OPERATOR_IMAGE,
    maxRollouts: settings.MAX_ROLLOUTS,
    allowDowngrade: settings.ALLOW_DOWNGRADE,
  };
}

function imagesOf(settings: Settings) {
  return { vault: settings.IMAGE_VAULT, router: settings.IMAGE_ROUTER, connector: settings.IMAGE_CONNECTOR };
}

function resourcesOf({ vaults, connectors }: Operator['caches']) {
  return [...vaults.store.list(), ...connectors.store.list()];
}
