import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenIssuer, type TokenIssuer } from '@cofferdam/devcluster/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Access, createLogger, createMetrics, loadAccess } from '../../src/index.ts';

const SUBJECT = 'system:serviceaccount:payments-dev:checkout';
const CLUSTER = 'https://kubernetes.default.svc.cluster.local';
const PARTNER = 'https://login.partner.example';
const RULES = [{ subjects: [SUBJECT, 'partner-*'], merchants: ['acme'], allow: ['tokens:read'] }];

describe('access', () => {
  let directory: string;
  let cluster: TokenIssuer;
  let partner: TokenIssuer;
  let keyServer: Server;
  let keyRequests: number;
  let lines: string[];
  let now: number;
  let access: Access | undefined;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'access-'));
    [cluster, partner] = await Promise.all([createTokenIssuer(CLUSTER), createTokenIssuer(PARTNER)]);
    [keyRequests, lines, now] = [0, [], Date.now()];
    keyServer = createServer((_request, response) => {
      keyRequests++;
      response.end(partner.jwks());
    });
    await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
    write('v1');
  });
  afterEach(() => {
    access?.close();
    access = undefined;
    keyServer.close();
    rmSync(directory, { recursive: true });
  });

  /** As the kubelet does: a directory a version, `..data` points at the current one. */
  function write(version: string, change: object = {}): void {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'jwks.json'), cluster.jwks());
    const { port } = keyServer.address() as AddressInfo;
    const issuers = [
      { issuer: CLUSTER, audiences: ['cofferdam'], jwksFile: '..data/jwks.json' },
      {
        issuer: PARTNER,
        audiences: ['cofferdam'],
        jwksUri: `http://127.0.0.1:${port}/`,
        merchantClaim: 'shops',
      },
    ];
    const content = JSON.stringify({ vaultId: 'acme-dev', issuers, rules: RULES, ...change });
    writeFileSync(join(directory, version, 'access.json'), content);
    if (version !== 'v1') unlinkSync(join(directory, '..data'));
    symlinkSync(version, join(directory, '..data'));
    if (version === 'v1') symlinkSync('..data/access.json', join(directory, 'access.json'));
  }

  const load = async () => {
    const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => lines.push(line) });
    const path = join(directory, 'access.json');
    access = await loadAccess({
      path,
      vaultId: 'acme-dev',
      logger,
      metrics: createMetrics(),
      intervalMs: 20,
      now: () => now,
    });
    return access;
  };
  const admit = async (token: string) =>
    (access ?? (await load()))
      .admit(
        { permission: 'tokens:read', scope: 'merchant' },
        { authorization: `Bearer ${token}`, merchant: undefined },
      )
      .then(
        (caller) => caller.merchant,
        (error: { code: string }) => error.code,
      );

  it('admits a token of the cluster and one of a remote issuer, whose keys it fetches once', async () => {
    expect(await admit(await cluster.sign({ subject: SUBJECT }))).toBe('acme');
    expect(await admit(await partner.sign({ subject: 'partner-1' }))).toBe('acme');
    expect(await admit(await partner.sign({ subject: 'partner-2' }))).toBe('acme');
    expect(keyRequests).toBe(1);
  });

  it('believes nobody but the cluster about system: subjects', async () => {
    expect(await admit(await partner.sign({ subject: SUBJECT }))).toBe('unauthenticated');
  });

  it.each([
    ['another audience', { audience: 'other' }],
    ['an hour ago', { issuedSecondsAgo: 3600 }],
    ['not valid yet', { issuedSecondsAgo: -120 }],
  ])('refuses a token of %s', async (_name, claims) => {
    expect(await admit(await cluster.sign({ subject: SUBJECT, ...claims }))).toBe('unauthenticated');
  });

  it('allows for clocks that differ by less than 30 s', async () => {
    expect(await admit(await cluster.sign({ subject: SUBJECT, issuedSecondsAgo: 620 }))).toBe('acme');
    expect(await admit(await cluster.sign({ subject: SUBJECT, issuedSecondsAgo: -20 }))).toBe('acme');
  });

  it('refuses unsigned tokens and other algorithms', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { iss: CLUSTER, sub: SUBJECT, aud: 'cofferdam', exp: now / 1000 + 60 };
    for (const alg of ['none', 'HS256']) {
      expect(await admit(`${encode({ alg })}.${encode(payload)}.c2ln`)).toBe('unauthenticated');
    }
  });

  it('drops a verified token when its key leaves the key set, and when it expires', async () => {
    const token = await cluster.sign({ subject: SUBJECT });
    expect(await admit(token)).toBe('acme');
    await cluster.rotate({ keepOld: false });
    write('v2');
    await expect.poll(() => admit(token)).toBe('unauthenticated');
    const fresh = await cluster.sign({ subject: SUBJECT });
    expect(await admit(fresh)).toBe('acme');
    now += 631_000;
    expect(await admit(fresh)).toBe('unauthenticated');
  });

  it('learns a new key of a remote issuer at the first token that it signs, and forgets the old one in a minute', async () => {
    const old = await partner.sign({ subject: 'partner-1' });
    expect(await admit(old)).toBe('acme');
    await partner.rotate({ keepOld: false });
    now += 11_000; // past the cooldown
    expect(await admit(await partner.sign({ subject: 'partner-1' }))).toBe('acme');
    expect(await admit(old)).toBe('unauthenticated');
  });

  it('does not ask a remote issuer at each token with an unknown key', async () => {
    await admit(await partner.sign({ subject: 'partner-1' }));
    const stranger = await createTokenIssuer(PARTNER);
    await stranger.rotate({ keepOld: false });
    for (let i = 0; i < 20; i++) await admit(await stranger.sign({ subject: 'partner-1' }));
    expect(keyRequests).toBe(1);
  });

  it('reloads rules when the ConfigMap is swapped, and keeps the old ones when the new are broken', async () => {
    const token = await cluster.sign({ subject: SUBJECT });
    expect(await admit(token)).toBe('acme');
    write('v2', { rules: 'none' });
    await expect.poll(() => access?.problem()).toContain('rules');
    expect(await admit(token)).toBe('acme');
    write('v3', { vaultId: 'globex-dev' });
    await expect.poll(() => access?.problem()).toContain('vaultId is globex-dev, wanted acme-dev');
    write('v4', { rules: [] });
    await expect.poll(() => admit(token)).toBe('forbidden');
    expect(access?.problem()).toBeUndefined();
  });

  it('does not start on a file that is broken or names a symmetric key', async () => {
    write('v2', { issuers: [{ issuer: CLUSTER, audiences: [] }] });
    await expect(load()).rejects.toThrow('ACCESS_FILE is not usable: issuers.0.audiences');
    write('v3');
    writeFileSync(join(directory, 'v3/jwks.json'), '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}');
    await expect(load()).rejects.toThrow('ACCESS_FILE is not usable');
  });

  it('writes no token to the log', async () => {
    const token = await cluster.sign({ subject: SUBJECT, audience: 'other' });
    await admit(token);
    expect(lines.join('')).toContain('token refused');
    expect(lines.join('')).not.toContain(token.split('.')[1]);
  });
});
