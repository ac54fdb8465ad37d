import 'reflect-metadata/lite'; // before @peculiar/x509, which asks for it
import { webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { CERTIFICATE_AUDIENCE, CERTIFICATES_PATH, CertificateAnswer } from '@cofferdam/contracts';
import { createLogger, createMetrics, Lifecycle } from '@cofferdam/runtime';
import * as x509 from '@peculiar/x509';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseAuthorities } from '../../src/ca/authority-set.ts';
import type { CertificateServer } from '../../src/ca/certificate-server.ts';
import { secretStore } from '../../src/ca/secret-store.ts';
import { authorityOf, startCertificates } from '../../src/certificates.ts';
import { readSettings } from '../../src/config.ts';
import { serviceNames } from '../../src/desired/names.ts';
import { createTransport, type KubeObject, RESOURCES } from '../../src/engine/index.ts';
import { operatorMetrics } from '../../src/metrics.ts';
import { createOperator, type Operator } from '../../src/operator.ts';
import { createVault, startTestCluster, type TestCluster } from '../cluster-harness.ts';
import { facts } from '../fixtures.ts';

/*
 * The operator's own wiring against an API server: the Secret, the bundle in the vault's namespace, a pod's token
 * from the API server, the signed leaf; with lives of seconds, so that an authority is rotated while pods renew.
 */

const settings = readSettings({
  HOST: '127.0.0.1',
  CERTIFICATE_PORT: '0',
  CERTIFICATE_SECONDS: '2',
  AUTHORITY_PUBLISH_SECONDS: '1',
  AUTHORITY_SECONDS: '11',
});
const NAMESPACE = 'rotated';
const account = { namespace: NAMESPACE, name: 'payments-vault' };
const names = serviceNames(account);
const lifecycle = new Lifecycle();
const metrics = createMetrics();
let cluster: TestCluster;
let server: CertificateServer;
let operator: Operator;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.namespace(NAMESPACE);
  const transport = createTransport(cluster.operatorConfig);
  const log = createLogger({ service: 'operator', level: 'fatal' });
  const instruments = operatorMetrics(metrics);
  operator = createOperator({
    transport,
    ...authorityOf(settings, log),
    keys: {
      ensure: async () => ({}),
      isUsable: async () => true,
      retire: async () => {},
      release: async () => {},
      prepare: async () => {},
      sweep: async () => [],
    },
    topics: { ensure: async () => ({ topics: [] }) },
    statusz: { read: async () => undefined, close: async () => {} },
    log,
    identity: {
      namespace: 'cofferdam-system',
      serviceAccount: 'cofferdam-operator',
      images: facts.images,
      certificateUrl: facts.certificateUrl,
      granteesFile: undefined,
    },
    lease: { namespace: 'cofferdam-system', name: 'cofferdam-operator', holder: 'test' },
  });
  const stopping = new AbortController();
  const done = operator.run(stopping.signal);
  server = await startCertificates(lifecycle, operator, { transport, settings, log, metrics: instruments });
  lifecycle.onClose('operator', async () => {
    stopping.abort();
    await done;
    await transport.close();
  });
  await createVault(cluster, NAMESPACE);
  token = await podToken();
}, 60_000);

afterAll(async () => {
  await lifecycle.close(undefined, 10_000);
  await cluster.stop();
});

/** As a kubelet gets it, for a pod of the vault. */
async function podToken(): Promise<string> {
  const { admin } = cluster;
  await vi.waitFor(() => admin.get(RESOURCES.serviceAccounts, account), { timeout: 10_000, interval: 50 });
  const pod = await admin.create<KubeObject>(RESOURCES.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'payments-vault-0', namespace: NAMESPACE },
    spec: { serviceAccountName: account.name, containers: [{ name: 'vault', image: facts.images.vault }] },
  } as KubeObject);
  const answer: unknown = await admin.create(
    RESOURCES.serviceAccounts,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: account,
      spec: {
        audiences: [CERTIFICATE_AUDIENCE],
        expirationSeconds: 600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
      },
    } as KubeObject,
    { subresource: 'token' },
  );
  return (answer as { status: { token: string } }).status.token;
}

/** What a pod has mounted. */
async function bundle(): Promise<string> {
  const key = { namespace: NAMESPACE, name: 'payments-ca' };
  const found = await cluster.admin.get<KubeObject & { data: Record<string, string> }>(
    RESOURCES.configMaps,
    key,
  );
  return found.data['ca.crt'] ?? '';
}

const certificatesIn = (pem: string) => pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new key and its certificate, asked for as a pod does: verifying the operator by the bundle. */
async function certified(): Promise<{ key: string; cert: string; answer: CertificateAnswer }> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: EC,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  const servername = 'cofferdam-operator.cofferdam-system.svc';
  const agent = new Agent({ connect: { ca: await bundle(), servername } });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${server.port}${CERTIFICATES_PATH}`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ csr: made.toString('pem') }),
    });
    const text = await body.text();
    if (statusCode !== 201) throw new Error(`${statusCode} ${text}`);
    const answer = CertificateAnswer.parse(JSON.parse(text));
    const key = x509.PemConverter.encode(
      await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
      'PRIVATE KEY',
    );
    return { key, cert: answer.certificate, answer };
  } finally {
    await agent.destroy();
  }
}

/** One handshake with a server that has this pair, by a client that has that bundle. */
async function handshake(pair: { key: string; cert: string }, ca: string): Promise<boolean> {
  const listener = createServer(pair, (socket) => socket.end()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const socket = connect({ port, host: '127.0.0.1', ca, servername: names[0] ?? '' });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized;
  } finally {
    socket.destroy();
    listener.close();
  }
}

/** A pod keeps asking; and on a machine with more to do a replica may know for a moment that it knows too little. */
const patiently = { timeout: 10_000, interval: 50 };

/** As long as a pod may hold it: it renews at two thirds. */
function isDue({ notBefore, notAfter }: CertificateAnswer): boolean {
  return Date.now() > (2 * Date.parse(notAfter) + Date.parse(notBefore)) / 3;
}

test('an authority is rotated while pods renew: at every moment every certificate is believed by every bundle that is out', async () => {
  const signers = new Set<string>();
  const bundles: string[] = [];
  const sizes = () => bundles.map((pem) => certificatesIn(pem).length).join();
  let pair = await vi.waitFor(certified, patiently);
  // Begins wherever in an authority's life the machine has come to, and sees one change from its start to its end.
  for (const until = Date.now() + 30_000; !sizes().endsWith('1,2,1') && Date.now() < until; ) {
    if (isDue(pair.answer)) pair = await vi.waitFor(certified, patiently);
    const current = await bundle();
    if (current !== bundles.at(-1)) bundles.push(current);
    expect(await handshake(pair, current)).toBe(true);
    const leaf = new X509Certificate(pair.cert);
    const signer = certificatesIn(current).find((pem) => leaf.checkIssued(new X509Certificate(pem)));
    signers.add(signer ?? 'nobody of the bundle');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(sizes()).toMatch(/1,2,1$/);
  const [first = '', both = '', last = ''] = bundles
    .slice(-3)
    .map(certificatesIn)
    .map((list) => list.join('\n'));
  expect(both).toBe(`${first}\n${last}`);
  expect([...signers].slice(-2)).toEqual([first, last]);
}, 60_000);

test('the keys are in the one Secret of the operator, and nowhere in the namespace of the vault', async () => {
  const secret = await cluster.admin.get<KubeObject & { data: Record<string, string> }>(RESOURCES.secrets, {
    namespace: 'cofferdam-system',
    name: 'cofferdam-ca',
  });
  const set = parseAuthorities(Buffer.from(secret.data['authorities.json'] ?? '', 'base64').toString());
  expect(set.every(({ key }) => key.includes('PRIVATE KEY'))).toBe(true);
  const { items } = await cluster.admin.list(RESOURCES.configMaps, { namespace: NAMESPACE });
  expect(JSON.stringify(items)).not.toContain('PRIVATE KEY');
  expect((await cluster.admin.list(RESOURCES.secrets, { namespace: NAMESPACE })).items).toEqual([]);
  const text = await metrics.text();
  expect(text).toMatch(/^cofferdam_certificates_total\{outcome="issued"\S* [1-9]/m);
  expect(text).toMatch(/^cofferdam_certificate_authority_expiry_timestamp_seconds\S* \d{10}/m);
});

test('whoever writes the Secret second learns of it and changes nothing', async () => {
  const store = secretStore({ client: cluster.admin, namespace: NAMESPACE, name: 'other' });
  const empty = await store.read();
  expect(empty).toEqual({ set: [], resourceVersion: undefined });
  const first = await store.write([], empty);
  expect(first).toBeDefined();
  expect(await store.write([], empty)).toBeUndefined();
  if (first === undefined) return;
  expect(await store.write([], first)).toBeDefined();
  await cluster.admin.delete(RESOURCES.secrets, { namespace: NAMESPACE, name: 'other' });
  expect(await store.write([], first)).toBeUndefined();
});
