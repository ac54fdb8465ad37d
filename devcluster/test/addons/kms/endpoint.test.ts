import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KMS_ROLES, startTestKms, type TestKms } from '../../../src/addons/index.ts';

let directory: string;
let kms: TestKms;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
  kms = await startTestKms({ stateDirectory: directory });
});
afterEach(async () => {
  await kms.stop();
  rmSync(directory, { recursive: true, force: true });
});
const client = (settings = kms.clientSettings.admin) => new KMSClient({ ...settings, maxAttempts: 1 });

describe('the endpoint', () => {
  test('refuses a wrong secret, an unknown key and another region', async () => {
    const { admin } = kms.clientSettings;
    const call = (change: object) => client({ ...admin, ...change }).send(new ListKeysCommand({}));
    const { accessKeyId, secretAccessKey } = admin.credentials;
    await expect(call({ credentials: { accessKeyId, secretAccessKey: 'wrong' } })).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    await expect(call({ credentials: { accessKeyId: 'AKIANONE', secretAccessKey } })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    await expect(call({ region: 'us-east-1' })).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    expect(await call({})).toMatchObject({ Truncated: false });
  });

  test('keeps keys, grants and aliases over a restart', async () => {
    const admin = client();
    const KeyId = (await admin.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
    const EncryptionContext = { vault: 'acme-dev' };
    await admin.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: KMS_ROLES.vault,
        Operations: ['Decrypt', 'GenerateDataKey'],
      }),
    );
    const Plaintext = Buffer.from('kept');
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
    await kms.stop();

    kms = await startTestKms({ stateDirectory: directory });
    const vault = client(kms.clientSettings.vault);
    const opened = await vault.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('kept');
    const made = await vault.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    expect(made.Plaintext?.length).toBe(32);
  });

  test('does not start on a state file that is not its own', async () => {
    const elsewhere = join(directory, 'damaged');
    await kms.stop();
    writeFileSync(join(directory, 'kms.json'), '{"version":2}');
    await expect(startTestKms({ stateDirectory: directory })).rejects.toThrow(/kms.json is not a state file/);
    kms = await startTestKms({ stateDirectory: elsewhere });
  });

  test('answers what it does not know as AWS does', async () => {
    const post = async (headers: Record<string, string>, body = '{}') => {
      const response = await fetch(kms.url, { method: 'POST', headers, body });
      return [response.status, ((await response.json()) as { __type: string }).__type];
    };
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    expect(await post({ ...type, 'x-amz-target': 'TrentService.GetPublicKey' })).toEqual([
      400,
      'UnknownOperationException',
    ]);
    expect(await post({ ...type, 'x-amz-target': 'TrentService.ListKeys' })).toEqual([
      400,
      'MissingAuthenticationTokenException',
    ]);
    expect((await fetch(`${kms.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${kms.url}/other`)).status).toBe(404);
  });

  test('has faults to order: an error so many times, a lost answer, latency', async () => {
    const admin = client();
    await kms.fault({ operation: 'ListKeys', error: { type: 'KMSInternalException' }, times: 1 });
    await expect(admin.send(new ListKeysCommand({}))).rejects.toMatchObject({ name: 'KMSInternalException' });
    expect(await admin.send(new ListKeysCommand({}))).toMatchObject({ Keys: [] });

    await kms.fault({ operation: 'CreateKey', drop: 'after', times: 1 });
    await expect(admin.send(new CreateKeyCommand({}))).rejects.toThrow();
    expect((await admin.send(new ListKeysCommand({}))).Keys?.length).toBe(1);

    await kms.fault({ operation: '*', latencyMs: 100 });
    const startedAt = performance.now();
    await admin.send(new ListKeysCommand({}));
    expect(performance.now() - startedAt).toBeGreaterThan(95);
    await kms.fault();
    await expect(kms.fault({ operation: 'x', latencyMs: -1 })).rejects.toThrow(/latencyMs/);
  });

  test('lets no web page order faults', async () => {
    const response = await fetch(`${kms.url}/faults`, { method: 'POST', body: '{"faults":[]}' });
    expect(response.status).toBe(415);
  });
});
