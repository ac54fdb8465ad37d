import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMS_ROLES } from '@cofferdam/devcluster/addons';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { awsKeyManagement } from '../../src/effects/kms-aws.ts';
import { type KmsWorld, planOf, startKmsWorld } from './kms-world.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const subject = 'system:serviceaccount:cofferdam-system:cofferdam-operator';
let world: KmsWorld;
let directory: string;
let signer: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  signer = privateKey;
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  world = await startKmsWorld({ serviceAccountIssuer: { issuer, jwks: async () => jwks } });
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-credentials-'));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true, force: true });
});

/** As in a pod: nothing of the machine's own, and then what is put there. */
function environment(values: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'none'));
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}
const webIdentity = (sub: string) =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setSubject(sub)
    .setAudience('sts.amazonaws.com')
    .setIssuer(issuer)
    .setExpirationTime('10m')
    .sign(signer);
/** The SDK's own chain, as in production; KMS where the vault says. */
const ensure = (vaultId: string) => awsKeyManagement().ensure(planOf(vaultId, { endpoint: world.kms.url }));
const lastCaller = () => world.kms.calls.findLast(({ service }) => service === 'kms')?.principal;

test('IRSA: the token in the file is exchanged for the role, and a token of another account is refused', async () => {
  const tokenFile = join(directory, 'token');
  const irsa = {
    AWS_ROLE_ARN: KMS_ROLES.operator,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_SESSION_NAME: 'irsa',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_STS: world.kms.url,
  };
  environment(irsa);
  await writeFile(tokenFile, await webIdentity(subject));
  expect(await ensure('by-irsa')).toMatchObject({ origin: 'Created', alias: 'alias/cofferdam-by-irsa' });
  expect(lastCaller()).toBe('arn:aws:sts::000000000000:assumed-role/cofferdam-operator/irsa');

  await writeFile(tokenFile, await webIdentity('system:serviceaccount:default:somebody'));
  expect(await ensure('by-stranger')).toMatchObject({ problem: { reason: 'KmsAccessDenied' } });
});

/** The agent of EKS Pod Identity on the node: credentials for whoever shows the pod's token. */
async function podIdentityAgent(token: string): Promise<{ url: string; server: Server; asked: string[] }> {
  const { accessKeyId, secretAccessKey } = world.kms.clientSettings.operator.credentials;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization ?? '');
    const known = request.headers.authorization === token;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
    const credentials = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: '',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    response.end(JSON.stringify(known ? credentials : { Code: 'AccessDenied', Message: 'no' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`,
    server,
    asked,
  };
}

test('EKS Pod Identity: credentials come from the agent, for the token in the file', async () => {
  const tokenFile = join(directory, 'eks-pod-identity-token');
  await writeFile(tokenFile, 'the-token-of-the-pod');
  const agent = await podIdentityAgent('the-token-of-the-pod');
  try {
    environment({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      AWS_REGION: 'eu-central-1',
    });
    expect(await ensure('by-pod-identity')).toMatchObject({ alias: 'alias/cofferdam-by-pod-identity' });
    expect(agent.asked).toEqual(['the-token-of-the-pod']);

    await writeFile(tokenFile, 'of-somebody-else');
    const outcome = await ensure('by-pod-stranger');
    expect(outcome).toMatchObject({ problem: { reason: 'KmsAccessDenied' } });
  } finally {
    await new Promise((resolve) => {
      agent.server.close(resolve);
      agent.server.closeAllConnections();
    });
  }
});

test('without any credentials the operator says so', async () => {
  environment({ AWS_REGION: 'eu-central-1' });
  const { problem } = await ensure('by-nobody');
  expect(problem).toMatchObject({ reason: 'KmsAccessDenied' });
  expect(problem?.message).toContain('no AWS credentials that work');
});
