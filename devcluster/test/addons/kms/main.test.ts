import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../../src/addons/kms/main.ts', import.meta.url));
const roleArn = 'arn:aws:iam::000000000000:role/admin';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function start(config: unknown) {
  const file = join(directory, 'kms-config.json');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  const child = spawn(process.execPath, [main, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.on('data', (text) => {
    output.out += String(text);
  });
  child.stderr.on('data', (text) => {
    output.err += String(text);
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output, exited };
}

describe('the KMS endpoint as a process', () => {
  test('serves, logs a line a call, and ends on SIGTERM', async () => {
    const { child, output, exited } = start({
      listen: { host: '127.0.0.1', port: 0 },
      stateDirectory: join(directory, 'state'),
      principals: [{ roleArn, permissions: 'full' }],
      staticKeys: [{ accessKeyId: 'AKIA1', secretAccessKey: 'not-a-secret', roleArn }],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const { url } = JSON.parse(output.out) as { url: string };
    const client = new KMSClient({
      ...{ region: 'eu-central-1', endpoint: url },
      credentials: { accessKeyId: 'AKIA1', secretAccessKey: 'not-a-secret' },
    });
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    client.destroy();
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(JSON.parse(output.out.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ operation: 'CreateKey', principal: roleArn, keyArn: KeyMetadata?.Arn, result: 'ok' },
    });
    expect(output.out).not.toContain('not-a-secret');
  });

  test.each([
    ['a setting of the wrong type', { listen: { host: '127.0.0.1', port: 'x' } }, /listen.port/],
    ['a file that is not JSON', '{', /kms-config.json/],
  ])('says what is wrong with %s and exits with 1', async (_what, config, message) => {
    const { output, exited } = start(config);
    expect(await exited).toBe(1);
    expect(output.err).toMatch(message);
  });
});
