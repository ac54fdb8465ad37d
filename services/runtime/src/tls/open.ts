import { ENV } from '@cofferdam/contracts';
import { followingAgent } from '../client/following-agent.ts';
import { notUsable } from '../errors.ts';
import type { Readiness } from '../http/readiness.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { askAuthority } from './ask-authority.ts';
import { credentialsFromAuthority } from './from-authority.ts';
import { credentialsFromDirectory } from './from-directory.ts';
import { isIssuedBy } from './issued-by.ts';
import type { ServerCredentials } from './server-credentials.ts';
import { type TlsConfig, type TlsSource, tlsSource } from './settings.ts';
import { openTrust, type Trust } from './trust.ts';

export interface TlsDependencies {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

export interface Tls {
  /** For `createApp`. */
  readonly credentials: ServerCredentials;
  /** For the clients of our other services. */
  readonly trust: Trust;
}

/**
 * TLS of one service, both ways, as its settings say; measured and part of its readiness.
 * @throws {StartError} naming the setting that cannot be used
 */
export async function openTls(config: TlsConfig, dependencies: TlsDependencies): Promise<Tls> {
  const { lifecycle, logger, metrics, readiness } = dependencies;
  const source = tlsSource(config);
  const trust = await openTrust(config.CA_FILE, { logger });
  lifecycle.onClose('trust', () => trust.close());
  const credentials = await openCredentials(source, trust, dependencies);
  lifecycle.onClose('certificate', () => credentials.close());
  readiness.add('certificate', () => servingProblem(credentials, Date.now()) ?? true);
  metrics.meter
    .createObservableGauge('cofferdam_certificate_expiry_timestamp_seconds', {
      description: 'When the certificate that we serve with expires.',
    })
    .addCallback((result) => {
      const expiresAt = credentials.expiresAt();
      if (expiresAt !== undefined) result.observe(expiresAt.getTime() / 1000);
    });
  return { credentials, trust };
}

async function openCredentials(
  source: TlsSource,
  trust: Trust,
  { lifecycle, logger }: TlsDependencies,
): Promise<ServerCredentials> {
  if ('directory' in source) {
    return credentialsFromDirectory(source.directory, { logger }).catch(notUsable(ENV.tlsDirectory));
  }
  const limits = { connections: 1, keepAliveTimeout: 1000 };
  const agent = followingAgent({ ca: () => trust.ca(), connectTimeoutMs: 3000, limits });
  lifecycle.onClose('certificate client', () => agent.close());
  return credentialsFromAuthority({
    ask: () => askAuthority({ ...source, agent }),
    authority: new URL(source.url).host,
    isBelieved: (pair) => isIssuedBy(trust.ca(), pair),
    logger,
  });
}

/** Why no client that verifies would talk to us; a renewal that fails while the certificate is good is no reason. */
export function servingProblem(credentials: ServerCredentials, now: number): string | undefined {
  const expiresAt = credentials.expiresAt();
  if (expiresAt === undefined) return credentials.problem() ?? 'there is no certificate yet';
  if (expiresAt.getTime() > now) return undefined;
  const why = credentials.problem();
  return `the certificate expired at ${expiresAt.toISOString()}${why === undefined ? '' : `; ${why}`}`;
}
