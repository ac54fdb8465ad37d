import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { KMS_ROLES, startTestKms, type TestKms } from '../../../src/addons/index.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const operatorSubject = 'system:serviceaccount:cofferdam-system:cofferdam-operator';
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let keys: Keys;
let strangerKeys: Keys;
let jwks: JSONWebKeySet;
let kms: TestKms;
let aheadMs = 0;
beforeAll(async () => {
  [keys, strangerKeys] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
  jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
  kms = await startTestKms({
    serviceAccountIssuer: { issuer, jwks: async () => jwks },
    now: () => Date.now() + aheadMs,
  });
});
afterAll(() => kms.stop());
afterEach(() => {
  aheadMs = 0;
  vi.unstubAllEnvs();
});

function token(
  change: { sub?: string; aud?: string; iss?: string; exp?: string; key?: Keys['privateKey'] } = {},
) {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setSubject(change.sub ?? operatorSubject)
    .setAudience(change.aud ?? 'sts.amazonaws.com')
    .setIssuer(change.iss ?? issuer)
    .setExpirationTime(change.exp ?? '10m')
    .sign(change.key ?? keys.privateKey);
}

/** Calls STS as the Query protocol has it, and answers the text of each element wanted, or the error's code. */
async function assume(webIdentityToken: string, change: Record<string, string> = {}, url = kms.url) {
  const form = new URLSearchParams({
    ...{ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: KMS_ROLES.operator },
    ...{ RoleSessionName: 'operator-0', WebIdentityToken: webIdentityToken, ...change },
  });
  const text = await (await fetch(url, { method: 'POST', body: form })).text();
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  return (
    element('Code') || {
      accessKeyId: element('AccessKeyId'),
      secretAccessKey: element('SecretAccessKey'),
      sessionToken: element('SessionToken'),
      expiration: element('Expiration'),
      arn: element('Arn'),
    }
  );
}

async function listKeys(credentials: {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}) {
  const { region, endpoint } = kms.clientSettings.admin;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const client = new KMSClient({
    ...{ region, endpoint, maxAttempts: 1, systemClockOffset: aheadMs },
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  });
  try {
    await client.send(new ListKeysCommand({}));
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

describe('AssumeRoleWithWebIdentity', () => {
  test("gives credentials of the role that trusts the token's subject, for as long as they say", async () => {
    const credentials = await assume(await token(), { DurationSeconds: '900' });
    if (typeof credentials === 'string') throw new Error(credentials);
    expect(credentials.arn).toBe('arn:aws:sts::000000000000:assumed-role/cofferdam-operator/operator-0');
    expect(await listKeys(credentials)).toBe('ok');
    expect(await listKeys({ ...credentials, secretAccessKey: 'x' })).toBe('InvalidSignatureException');
    const { sessionToken: _none, ...withoutToken } = credentials;
    expect(await listKeys(withoutToken)).toBe('UnrecognizedClientException');
    expect(await listKeys({ ...credentials, sessionToken: `${credentials.sessionToken}AA` })).toBe(
      'UnrecognizedClientException',
    );
    const other = await assume(await token());
    if (typeof other === 'string') throw new Error(other);
    expect(await listKeys({ ...credentials, sessionToken: other.sessionToken })).toBe(
      'UnrecognizedClientException',
    );
    aheadMs = 901_000;
    expect(await listKeys(credentials)).toBe('ExpiredTokenException');
  });

  test('refuses a subject that the role does not trust, and a role that does not exist', async () => {
    const stranger = await token({ sub: 'system:serviceaccount:other:cofferdam-operator' });
    expect(await assume(stranger)).toBe('AccessDenied');
    expect(await assume(await token(), { RoleArn: KMS_ROLES.vault })).toBe('AccessDenied');
    expect(await assume(await token(), { RoleArn: 'arn:aws:iam::000000000000:role/none' })).toBe(
      'AccessDenied',
    );
  });

  test('refuses a token for another audience, of another issuer, signed by another key, or expired', async () => {
    expect(await assume(await token({ aud: 'cofferdam' }))).toBe('InvalidIdentityToken');
    expect(await assume(await token({ iss: 'https://elsewhere' }))).toBe('InvalidIdentityToken');
    expect(await assume(await token({ key: strangerKeys.privateKey }))).toBe('InvalidIdentityToken');
    expect(await assume('not.a.token')).toBe('InvalidIdentityToken');
    expect(await assume(await token({ exp: '-1m' }))).toBe('ExpiredTokenException');
  });

  test('refuses a bad duration and a missing name', async () => {
    expect(await assume(await token(), { DurationSeconds: '60' })).toBe('ValidationError');
    expect(await assume(await token(), { RoleSessionName: '' })).toBe('ValidationError');
    expect(await assume(await token(), { Action: 'AssumeRole' })).toBe('ValidationError');
  });

  test('takes keys from a URL and from a file', async () => {
    const server = createServer((_request, response) => response.end(JSON.stringify(jwks)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
    const file = join(directory, 'jwks.json');
    writeFileSync(file, JSON.stringify(jwks));
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/openid/v1/jwks`;
    for (const source of [{ url }, { file }]) {
      const other = await startTestKms({ serviceAccountIssuer: { issuer, jwks: source } });
      expect(await assume(await token(), {}, other.url)).toMatchObject({
        arn: expect.stringContaining('operator-0'),
      });
      await other.stop();
    }
    server.close();
    rmSync(directory, { recursive: true });
  });
});

describe('the SDK in a pod', () => {
  test('finds its way from the environment alone, as under IRSA', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, await token());
    for (const [name, value] of Object.entries({
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_KMS: kms.url,
      AWS_ENDPOINT_URL_STS: kms.url,
      AWS_ROLE_ARN: KMS_ROLES.operator,
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    }))
      vi.stubEnv(name, value || undefined);
    const before = kms.calls.length;
    const client = new KMSClient({});
    await client.send(new ListKeysCommand({}));
    client.destroy();
    expect(kms.calls.slice(before).map(({ operation, result }) => [operation, result])).toEqual([
      ['AssumeRoleWithWebIdentity', 'ok'],
      ['ListKeys', 'ok'],
    ]);
    expect(kms.calls.at(-1)?.principal).toMatch(
      /^arn:aws:sts::000000000000:assumed-role\/cofferdam-operator\//,
    );
    rmSync(directory, { recursive: true });
  });
});
