import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { brokerSettings, mountedKafkaAccess, readEnvironment } from '../../src/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-kafka-access-'));
});
afterEach(() => rm(directory, { recursive: true }));

const accessOf = (env: Record<string, string>) =>
  mountedKafkaAccess(readEnvironment(z.object(brokerSettings), env));
const brokers = { KAFKA_BOOTSTRAP_SERVERS: 'a:9093, b:9093' };
const scram = () => ({ ...brokers, KAFKA_AUTH: 'ScramSha512', KAFKA_CREDENTIALS_DIR: directory });

test('without brokers there is no access, and without more it is plaintext', async () => {
  expect(accessOf({})).toBeUndefined();
  expect(await accessOf(brokers)?.()).toEqual({ bootstrapServers: ['a:9093', 'b:9093'] });
});

test('a rotated Secret is read the next time it is asked', async () => {
  await writeFile(join(directory, 'username'), 'acme-vault\n');
  await writeFile(join(directory, 'password'), 'first\n');
  const access = accessOf(scram());
  const auth = { mechanism: 'ScramSha512', username: 'acme-vault' };
  expect(await access?.()).toMatchObject({ auth: { ...auth, password: 'first' } });
  await writeFile(join(directory, 'password'), 'second');
  expect(await access?.()).toMatchObject({ auth: { ...auth, password: 'second' } });
});

test('what is missing or unusable is named, without what was found', async () => {
  await writeFile(join(directory, 'username'), 'acme-vault');
  await expect(accessOf(scram())?.()).rejects.toThrow(`${directory}/password cannot be read (ENOENT)`);
  await writeFile(join(directory, 'password'), '');
  await expect(accessOf(scram())?.()).rejects.toThrow(
    `KAFKA_CREDENTIALS_DIR ${directory}: key password is missing`,
  );
  const ca = join(directory, 'ca.crt');
  await writeFile(ca, 'not a certificate');
  await expect(accessOf({ ...brokers, KAFKA_TLS: 'true', KAFKA_CA_FILE: ca })?.()).rejects.toThrow(
    `${ca} holds no PEM certificate`,
  );
  for (const key of ['tls.crt', 'tls.key']) await writeFile(join(directory, key), 'secret-looking text');
  const failure = await accessOf({ ...scram(), KAFKA_TLS: 'true', KAFKA_AUTH: 'MutualTls' })?.().catch(
    String,
  );
  expect(failure).toContain('key tls.crt holds no PEM certificate');
  expect(failure).not.toContain('secret-looking');
});

test('MSK IAM wants a region and no Secret', async () => {
  const env = { ...brokers, KAFKA_TLS: 'true', KAFKA_AUTH: 'AwsMskIam' };
  await expect(accessOf(env)?.()).rejects.toThrow('AwsMskIam needs the AWS region of the brokers');
  expect(await accessOf({ ...env, KAFKA_REGION: 'eu-west-1' })?.()).toEqual({
    bootstrapServers: ['a:9093', 'b:9093'],
    tls: {},
    auth: { mechanism: 'AwsMskIam', region: 'eu-west-1' },
  });
});
