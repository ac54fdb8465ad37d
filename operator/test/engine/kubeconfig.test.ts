import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { bearerFromFile, kubeconfigFile, loadClusterConfig } from '../../src/engine/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-kubeconfig-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function written(user: object, cluster: object = { server: 'https://cluster:6443/' }): Promise<string> {
  const file = join(directory, 'config');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(file, stringify(content));
  return file;
}

test('a token file is named relative to the kubeconfig, and read again when it is replaced', async () => {
  await writeFile(join(directory, 'token'), 'first\n');
  const config = await kubeconfigFile(await written({ tokenFile: 'token' }));
  expect(await config.authorize()).toEqual({ authorization: 'Bearer first' });
  expect(config).toMatchObject({ server: 'https://cluster:6443', namespace: 'shop' });
  let now = 0;
  const authorize = bearerFromFile(join(directory, 'token'), () => now);
  expect(await authorize()).toEqual({ authorization: 'Bearer first' });
  await writeFile(join(directory, 'token'), 'second\n');
  now = 11_000;
  expect(await authorize()).toEqual({ authorization: 'Bearer second' });
});

test.each<[string, object, Record<string, string>]>([
  ['a token', { token: 't' }, { authorization: 'Bearer t' }],
  ['a password', { username: 'me', password: 'secret' }, { authorization: 'Basic bWU6c2VjcmV0' }],
  ['a client certificate', { 'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5' }, {}],
])('%s becomes what a request needs', async (_name, user, headers) => {
  const config = await kubeconfigFile(await written(user));
  expect(await config.authorize()).toEqual(headers);
  if ('client-key-data' in user)
    expect(config.tls).toEqual({ cert: Buffer.from('cert'), key: Buffer.from('key') });
});

test('an exec plugin is asked for its token', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  };
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    interactiveMode: 'Never',
  };
  const config = await kubeconfigFile(await written({ exec }));
  expect(await config.authorize()).toEqual({ authorization: 'Bearer from-plugin' });
});

test('a context without a cluster, and no configuration at all, are errors that say so', async () => {
  const file = await written({}, {});
  await expect(kubeconfigFile(file)).rejects.toThrow('context here names no cluster with a server');
  await expect(loadClusterConfig({})).rejects.toThrow('set KUBECONFIG');
});

test.each([
  ['an empty file', ''],
  ['text', 'hello'],
])('a kubeconfig that is %s is named as no kubeconfig', async (_name, text) => {
  const file = join(directory, 'config');
  await writeFile(file, text);
  await expect(kubeconfigFile(file)).rejects.toThrow(`kubeconfig ${file} is empty, or no kubeconfig`);
});

test('what is wrong with the YAML of a kubeconfig is told in one line, without the lines around it', async () => {
  const file = join(directory, 'config');
  await writeFile(file, 'users:\n  - name: me\n    user: { token: secret\n');
  const error = await kubeconfigFile(file).catch((error: unknown) => error);
  expect(error).toMatchObject({ message: `kubeconfig ${file} is not YAML` });
});
