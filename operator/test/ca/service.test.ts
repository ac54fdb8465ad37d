import dns from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { CERTIFICATE_AUDIENCE } from '@cofferdam/contracts';
import {
  createApp,
  createLogger,
  createMetrics,
  createServiceClient,
  Lifecycle,
  openTls,
  Readiness,
} from '@cofferdam/runtime';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../src/ca/certificate-authority.ts';
import { serveCertificates } from '../../src/ca/certificate-server.ts';
import { serviceNames } from '../../src/desired/names.ts';
import { systemClock } from '../../src/engine/index.ts';
import { memoryStore } from './memory-store.ts';

/*
 * Both ends of the seam, each as it is: the operator's authority, and a service that has itself certified by it and is
 * called by another. A leaf lives for seconds, and the authority is near its end, so that both are rotated while calls go on.
 */

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const account = { namespace: 'payments-dev', name: 'payments-vault', uid: 'sa-uid' };
const operatorNames = serviceNames({ namespace: 'cofferdam-system', name: 'cofferdam-operator' });
const [operatorHost = ''] = operatorNames;
const [host = '', ...otherNames] = serviceNames(account);

const lifecycle = new Lifecycle();
const directory = mkdtempSync(join(tmpdir(), 'cofferdam-seam-'));
const [caFile, tokenFile] = [join(directory, 'ca.crt'), join(directory, 'token')];
afterAll(async () => {
  await lifecycle.close(undefined, 5000);
  rmSync(directory, { recursive: true });
});

/** The names of a cluster, on this machine. */
function resolveToLoopback(): void {
  const real = dns.lookup;
  type Callback = (error: null, found: unknown, family?: number) => void;
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((name: string, given: object, done: Callback) => {
    if (!name.endsWith('.svc')) return real(name, given as never, done as never);
    const all = (given as { all?: boolean }).all === true;
    process.nextTick(() =>
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
    );
    return undefined;
  }) as never);
  lifecycle.onClose('names', () => spy.mockRestore());
}

/** The operator's authority, which keeps itself, its own certificate and the mounted bundle up to date. */
async function startAuthority(): Promise<{ port: number; bundles: Set<string> }> {
  const cluster = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(cluster.publicKey)), kid: 'k', alg: 'ES256' };
  const now = Math.floor(Date.now() / 1000);
  const bound = { name: account.name, uid: account.uid };
  const claims = {
    namespace: account.namespace,
    serviceaccount: bound,
    pod: { name: 'payments-vault-0', uid: 'pod' },
  };
  const token = await new SignJWT({ 'kubernetes.io': claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(ISSUER)
    .setSubject(`system:serviceaccount:${account.namespace}:${account.name}`)
    .setAudience(CERTIFICATE_AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + 600)
    .sign(cluster.privateKey);
  writeFileSync(tokenFile, token);

  // Made 39 s ago, as it seems, so that the next one is due within a second.
  let behindMs = 39_000;
  const authority = createCertificateAuthority({
    store: memoryStore(),
    // Published for longer than a service takes to look at its CA_FILE again.
    times: { leafMs: 3000, publishMs: 3000, staleMs: 2000, authorityMs: 60_000 },
    clock: { ...systemClock, now: () => Date.now() - behindMs },
  });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const server = await serveCertificates(
    {
      authority,
      clusterKeys: () => ({ clusterIssuer: ISSUER, clusterJwks: JSON.stringify({ keys: [jwk] }) }),
      isOurs: ({ uid }) => uid === account.uid,
      rateLimit: () => true,
      clock: systemClock,
      log,
      onAnswer: () => {},
    },
    { host: '127.0.0.1', port: 0 },
  );
  lifecycle.onClose('authority', () => server.close());
  const bundles = new Set<string>();
  const keep = async (): Promise<void> => {
    await authority.keep();
    server.use(await authority.issueOwn(operatorNames));
    if (bundles.has(authority.bundle())) return;
    bundles.add(authority.bundle());
    writeFileSync(caFile, authority.bundle());
  };
  await authority.keep();
  behindMs = 0;
  await keep();
  const timer = setInterval(() => void keep(), 250);
  lifecycle.onClose('keeper', () => clearInterval(timer));
  return { port: server.port, bundles };
}

/** Who signed what a new connection is shown. */
function shown(port: number, ca: string): Promise<{ serial: string; issuer: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: host }, () => {
      const { serialNumber: serial, issuer } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ serial, issuer: String(issuer.CN) });
    });
    socket.once('error', reject);
  });
}

test('a service and its callers go through rotations of leaf and authority without a failed call', async () => {
  resolveToLoopback();
  const { port, bundles } = await startAuthority();
  const logger = createLogger({ service: 'vault', level: 'fatal' });
  const [metrics, readiness] = [createMetrics(), new Readiness()];
  const { credentials, trust } = await openTls(
    {
      CERTIFICATE_URL: `https://${operatorHost}:${port}`,
      CERTIFICATE_TOKEN_FILE: tokenFile,
      SERVICE_NAMES: [host, ...otherNames].join(','),
      CA_FILE: caFile,
    },
    { lifecycle, logger, metrics, readiness },
  );
  const app = createApp({ logger, metrics, readiness, tls: credentials });
  await app.listen({ host: '127.0.0.1', port: 0 });
  lifecycle.onClose('app', () => app.close());
  const served = (app.server.address() as AddressInfo).port;
  const baseUrl = `https://${host}:${served}`;
  const caller = () => createServiceClient({ baseUrl, trust, token: async () => 'none' });
  await vi.waitFor(async () => expect(await readiness.report()).toMatchObject({ ready: true }), {
    timeout: 10_000,
  });

  const [serials, issuers] = [new Set<string>(), new Set<string>()];
  const healthy = { method: 'GET', path: '/healthz', answer: z.object({ status: z.literal('ok') }) } as const;
  const longLived = caller();
  while (bundles.size < 3) {
    const fresh = caller();
    await Promise.all([longLived.call(healthy), fresh.call(healthy)]);
    await fresh.close();
    const { serial, issuer } = await shown(served, trust.ca() ?? '');
    serials.add(serial);
    issuers.add(issuer);
    expect(await readiness.report()).toMatchObject({ ready: true });
    await sleep(100);
  }
  await longLived.close();
  expect(serials.size).toBeGreaterThan(3);
  expect(issuers.size).toBe(2);
}, 40_000);
