import 'reflect-metadata/lite'; // before @peculiar/x509, which asks for it
import { webcrypto, X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { CERTIFICATES_PATH } from '@cofferdam/contracts';
import * as x509 from '@peculiar/x509';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Agent, request } from 'undici';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../src/ca/certificate-authority.ts';
import { serveCertificates } from '../../src/ca/certificate-server.ts';
import { createRateLimit } from '../../src/ca/rate-limit.ts';
import { serviceNames } from '../../src/desired/names.ts';
import { systemClock } from '../../src/engine/index.ts';
import { memoryStore } from './memory-store.ts';

/*
 * The whole way over a real connection: a pod's token, its request, the signed leaf; and everybody who is refused.
 */

const HOUR = 3_600_000;
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const vault = { namespace: 'payments-dev', name: 'payments-vault', uid: 'sa-uid' };
const names = serviceNames(vault);
const serverNames = serviceNames({ namespace: 'cofferdam-system', name: 'cofferdam-operator' });

const cluster = await generateKeyPair('RS256');
const clusterJwks = JSON.stringify({
  keys: [{ ...(await exportJWK(cluster.publicKey)), kid: 'k', alg: 'RS256' }],
});
const authority = createCertificateAuthority({
  store: memoryStore(),
  times: { leafMs: HOUR, publishMs: HOUR, staleMs: HOUR, authorityMs: 100 * HOUR },
  clock: systemClock,
});
await authority.keep();

let burst = 100;
let limit = createRateLimit({ burst, everyMs: HOUR, monotonicMs: () => 0 });
const audited: object[] = [];
const outcomes: string[] = [];
const server = await serveCertificates(
  {
    authority,
    clusterKeys: () => ({ clusterIssuer: ISSUER, clusterJwks }),
    isOurs: ({ namespace, name, uid }) =>
      namespace === vault.namespace && name === vault.name && uid === vault.uid,
    rateLimit: (caller) => limit(caller),
    clock: systemClock,
    log: {
      info: (fields) => audited.push(fields),
      warn: (fields) => audited.push(fields),
      error: (fields) => audited.push(fields),
    },
    onAnswer: (outcome) => outcomes.push(outcome),
  },
  { host: '127.0.0.1', port: 0 },
);
server.use(await authority.issueOwn(serverNames));
const agent = new Agent({ connect: { ca: authority.bundle(), servername: serverNames[0] ?? '' } });

afterAll(async () => {
  await agent.destroy();
  await server.close();
});
beforeEach(() => {
  burst = 100;
  limit = createRateLimit({ burst, everyMs: HOUR, monotonicMs: () => 0 });
  audited.length = 0;
  outcomes.length = 0;
});

type Token = {
  audience?: string;
  lifetime?: number;
  account?: { namespace: string; name: string; uid: string };
  subject?: string;
  bound?: boolean;
  issuedAgo?: number;
  key?: webcrypto.CryptoKey;
};

function token(options: Token = {}): Promise<string> {
  const { audience = 'cofferdam-certificates', lifetime = 600, account = vault, bound = true } = options;
  const { issuedAgo = 0, subject = `system:serviceaccount:${account.namespace}:${account.name}` } = options;
  const issuedAt = Math.floor(Date.now() / 1000) - issuedAgo;
  return new SignJWT({
    'kubernetes.io': {
      namespace: account.namespace,
      serviceaccount: { name: account.name, uid: account.uid },
      ...(bound ? { pod: { name: `${account.name}-0`, uid: `pod-of-${account.uid}` } } : {}),
    },
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(ISSUER)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetime)
    .sign(options.key ?? cluster.privateKey);
}

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength,
});

async function csr(
  asked: readonly string[] = names,
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = EC,
): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: { ...EC, ...algorithm },
    extensions: [
      new x509.SubjectAlternativeNameExtension(asked.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  return made.toString('pem');
}

type Ask = {
  bearer?: string | undefined;
  body?: string;
  type?: string;
  path?: string;
  method?: 'GET' | 'POST';
};

async function ask({
  bearer,
  body = '',
  type = 'application/json',
  path = CERTIFICATES_PATH,
  method = 'POST',
}: Ask) {
  const answer = await request(`https://127.0.0.1:${server.port}${path}`, {
    method,
    dispatcher: agent,
    headers: { 'content-type': type, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
    ...(method === 'GET' ? {} : { body }),
  });
  // It keeps no place for one who has his answer.
  expect(answer.headers.connection).toBe('close');
  return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, string> };
}

const asking = async (options: Ask & { token?: Token; csr?: string } = {}) => {
  const { token: of, csr: pem, ...rest } = options;
  return ask({
    bearer: await token(of),
    body: JSON.stringify({ csr: pem ?? (await csr()) }),
    ...rest,
  });
};
const problem = (status: number, code: string) => ({ status, body: { status, code } });

test("a pod's key is certified for the names of its Service, and the answer says for how long", async () => {
  const { status, body } = await asking();
  expect(status).toBe(201);
  const leaf = new X509Certificate(body.certificate ?? '');
  expect(leaf.checkIssued(new X509Certificate(authority.bundle()))).toBe(true);
  expect(leaf.subjectAltName).toBe(names.map((name) => `DNS:${name}`).join(', '));
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(Date.parse(body.notAfter ?? '')).toBe(Date.parse(leaf.validTo));
  expect(Date.parse(body.notBefore ?? '')).toBe(Date.parse(leaf.validFrom));
  expect(outcomes).toEqual(['issued']);
  expect(audited).toMatchObject([
    { audit: 'certificate', serviceAccount: 'payments-dev/payments-vault', names, outcome: 'issued' },
  ]);
});

const stranger = { namespace: 'payments-dev', name: 'checkout', uid: 'other' };
const strangersKey = (await generateKeyPair('RS256')).privateKey;
test.each<[string, Token]>([
  ['for another audience', { audience: 'cofferdam' }],
  ['that is bound to no pod', { bound: false }],
  ['that has expired', { issuedAgo: 700 }],
  ['that lives for an hour', { lifetime: 3600 }],
  ['of another cluster', { key: strangersKey }],
  [
    'whose subject is not the account that it is bound to',
    { subject: 'system:serviceaccount:payments-dev:x' },
  ],
])('a token %s is refused, and the caller is not told why', async (_what, of) => {
  const answer = await asking({ token: of });
  expect(answer).toMatchObject(problem(401, 'unauthenticated'));
  expect(answer.body).not.toHaveProperty('detail');
  expect(audited).toMatchObject([{ outcome: 'unauthenticated', cause: expect.any(String) }]);
});

test('without a token nobody is answered', async () => {
  expect(await ask({ body: '{}' })).toMatchObject(problem(401, 'unauthenticated'));
});

test.each([
  ['is not one of ours', stranger],
  ['was made again under the name of ours', { ...vault, uid: 'a new one' }],
])('a ServiceAccount that %s gets no certificate, not even for its own names', async (_what, account) => {
  const own = await csr(serviceNames(account));
  expect(await asking({ token: { account }, csr: own })).toMatchObject(problem(403, 'forbidden'));
});

test.each([['payments-router.payments-dev.svc'], ['payments-vault.other.svc'], ['*.payments-dev.svc']])(
  'the name %s is not the vault’s to have, also among its own',
  async (name) => {
    expect(await asking({ csr: await csr([...names, name]) })).toMatchObject(
      problem(403, 'names_not_allowed'),
    );
  },
);

test('a request that is no PKCS #10, names nobody, or is signed by another key is refused', async () => {
  const pem = await csr();
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const forged = x509.PemConverter.encode(der, 'CERTIFICATE REQUEST');
  for (const bad of ['garbage', pem.slice(0, 200), authority.bundle(), await csr([]), forged]) {
    expect(await asking({ csr: bad })).toMatchObject(problem(422, 'csr_invalid'));
  }
});

test('a weak key is refused, a strong RSA one is not', async () => {
  expect(await asking({ csr: await csr(names, rsa(1024)) })).toMatchObject(problem(422, 'key_not_allowed'));
  expect((await asking({ csr: await csr(names, rsa(2048)) })).status).toBe(201);
});

test('a body that is too big, no JSON, or of another shape is refused', async () => {
  const cases = [
    [{ body: JSON.stringify({ csr: 'x'.repeat(40_000) }) }, problem(413, 'body_too_large')],
    [{ body: '{"csr"' }, problem(400, 'malformed_json')],
    [{ body: '{"csr":1}' }, problem(400, 'invalid_request')],
    [{ type: 'text/plain' }, problem(415, 'unsupported_media_type')],
    [{ path: '/v1/other' }, problem(404, 'not_found')],
    [{ method: 'GET' }, problem(405, 'method_not_allowed')],
  ] as const;
  for (const [how, wanted] of cases) expect(await asking(how)).toMatchObject(wanted);
});

test('a pod that asks again and again has to wait', async () => {
  limit = createRateLimit({ burst: 2, everyMs: HOUR, monotonicMs: () => 0 });
  const pem = await csr();
  const answers = [await asking({ csr: pem }), await asking({ csr: pem }), await asking({ csr: pem })];
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
});

test('the rate limit refills with time and forgets only the longest unseen', () => {
  let now = 0;
  const allowed = createRateLimit({ burst: 1, everyMs: 1000, monotonicMs: () => now, callers: 2 });
  expect([allowed('a'), allowed('a')]).toEqual([true, false]);
  now = 750;
  expect(allowed('a')).toBe(false);
  now = 1000;
  expect(allowed('a')).toBe(true);
  allowed('b');
  expect(allowed('a')).toBe(false);
  // The third is one too many: b was unseen for longest, and begins anew.
  allowed('c');
  expect(allowed('b')).toBe(true);
});

test('plaintext gets nothing, and no secret of the authority is in what it answers or logs', async () => {
  await expect(request(`http://127.0.0.1:${server.port}${CERTIFICATES_PATH}`)).rejects.toThrow();
  const { body } = await asking();
  expect(JSON.stringify([body, audited])).not.toContain('PRIVATE KEY');
});

test('it closes at once, also while somebody has connected and says nothing', async () => {
  const other = await serveCertificates({} as never, { host: '127.0.0.1', port: 0 });
  const silent = connect(other.port, '127.0.0.1').on('error', () => {});
  const cut = new Promise((resolve) => silent.once('close', resolve));
  await new Promise((resolve) => silent.once('connect', resolve));
  await other.close();
  await cut;
});
