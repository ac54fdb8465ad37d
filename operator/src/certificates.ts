import { every, type Lifecycle, type Logger, StartError } from '@cofferdam/runtime/process';
import type { ClusterKeys } from './ca/caller.ts';
import { type CertificateAuthority, createCertificateAuthority } from './ca/certificate-authority.ts';
import { type CertificateServer, serveCertificates } from './ca/certificate-server.ts';
import { createRateLimit } from './ca/rate-limit.ts';
import { type RotationTimes, shortestAuthorityMs } from './ca/rotation.ts';
import { secretStore } from './ca/secret-store.ts';
import type { Leaf } from './ca/x509.ts';
import type { Settings } from './config.ts';
import { serviceNames } from './desired/names.ts';
import { createClient, type KubeClient, systemClock, type Transport } from './engine/index.ts';
import { OperatorError } from './errors.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { Caches } from './reconcile/caches.ts';
import { clusterKeys } from './reconcile/cluster-keys.ts';
import { isManagedAccount } from './reconcile/managed-account.ts';

const MINUTE_MS = 60_000;

/**
 * How long certificates and authorities live, as the settings say.
 * @throws {StartError} when an authority would run out before the next one can take its place
 */
function rotationTimes(settings: Settings): RotationTimes {
  const leafMs = settings.CERTIFICATE_SECONDS * 1000;
  const publishMs = settings.AUTHORITY_PUBLISH_SECONDS * 1000;
  const times = { leafMs, publishMs, staleMs: Math.min(10 * MINUTE_MS, leafMs / 4) };
  const authorityMs = settings.AUTHORITY_SECONDS * 1000;
  const least = shortestAuthorityMs(times);
  if (authorityMs < least) {
    throw new StartError(
      `AUTHORITY_SECONDS must be at least ${Math.ceil(least / 1000)} with these CERTIFICATE_SECONDS and AUTHORITY_PUBLISH_SECONDS`,
    );
  }
  return { ...times, authorityMs };
}

/** How often replicas look at what the leader wrote, and the leader at what is due. */
function rotationPeriodMs({ staleMs, publishMs }: RotationTimes): number {
  return Math.min(MINUTE_MS, staleMs / 3, publishMs / 3);
}

/** Where pods reach it: through the operator's Service. */
export function certificateUrl(settings: Settings): string {
  return `https://${settings.CERTIFICATE_SERVICE}.${settings.LEASE_NAMESPACE}.svc:8443`;
}

/** What an operator is made with. */
export function authorityOf(settings: Settings, log: Logger) {
  const times = rotationTimes(settings);
  return {
    factsEveryMs: rotationPeriodMs(times),
    authority: (leader: KubeClient): CertificateAuthority =>
      createCertificateAuthority({
        store: secretStore({
          client: leader,
          namespace: settings.LEASE_NAMESPACE,
          name: settings.AUTHORITY_SECRET,
        }),
        times,
        clock: systemClock,
        onStep: (step, set) => log.info({ step, authorities: set.length }, 'certificate authority changed'),
      }),
  };
}

/** Serves pods, in every replica; with a certificate of its own as soon as there is an authority, renewed at half its life. */
export async function startCertificates(
  lifecycle: Lifecycle,
  operator: { authority: CertificateAuthority; caches: Caches },
  options: { transport: Transport; settings: Settings; log: Logger; metrics: OperatorMetrics },
): Promise<CertificateServer> {
  const { authority, caches } = operator;
  const { settings, log, metrics } = options;
  const reader = createClient({ transport: options.transport });
  const times = rotationTimes(settings);
  let keys: ClusterKeys | undefined;
  let own: (Leaf & { bundle: string }) | undefined;

  const server = await serveCertificates(
    {
      authority,
      clusterKeys: () => keys,
      isOurs: (account) => isManagedAccount(caches, account),
      // A pod asks once at its start and once for each renewal; a few more for whatever goes wrong.
      rateLimit: createRateLimit({
        burst: 10,
        everyMs: Math.min(MINUTE_MS / 2, times.leafMs / 10),
        monotonicMs: systemClock.monotonicMs,
      }),
      clock: systemClock,
      log,
      onAnswer: metrics.certificate,
    },
    { host: settings.HOST, port: settings.CERTIFICATE_PORT },
  );
  lifecycle.onClose('certificates', () => server.close());
  metrics.observeAuthority(() => authority.expiresAt());

  const names = serviceNames({ namespace: settings.LEASE_NAMESPACE, name: settings.CERTIFICATE_SERVICE });
  const renewOwn = async () => {
    const now = systemClock.now();
    const bundle = authority.bundle();
    const isFresh = own !== undefined && now < (own.notBefore.getTime() + own.notAfter.getTime()) / 2;
    // Also when authorities come or go: the one that signed ours may be the one that went.
    if (isFresh && own?.bundle === bundle) return;
    const issued = await authority.issueOwn(names);
    server.use(issued);
    own = { ...issued, bundle };
  };
  // More often until it serves: pods wait for it when a cluster starts.
  const tasks = [
    every(MINUTE_MS, { name: 'cluster keys', logger: log }, async () => {
      keys = await clusterKeys(reader);
    }),
    every(rotationPeriodMs(times), { name: 'certificate authority', logger: log }, () => authority.refresh()),
    every(Math.min(1_000, times.leafMs / 20), { name: 'own certificate', logger: log }, () =>
      renewOwn().catch((error: unknown) => {
        if (!(error instanceof OperatorError) || own !== undefined) throw error;
      }),
    ),
  ];
  lifecycle.onClose('certificate tasks', async () => {
    for (const task of tasks) task.stop();
  });
  return server;
}
