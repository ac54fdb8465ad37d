import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readSettings } from '../src/config.ts';

test('without any variable the settings suit a kubeconfig outside a cluster', () => {
  expect(readSettings({ HOME: '/home/me' })).toMatchObject({
    LEASE_NAMESPACE: 'cofferdam-system',
    LEASE_NAME: 'cofferdam-operator',
    PORT: 8080,
    WORKERS: 8,
    LOG_LEVEL: 'info',
  });
});

test('a wrong setting is named', () => {
  expect(() => readSettings({ PORT: 'many' })).toThrow(/^PORT is not valid/);
});

test('without a cluster the process ends with one line and status 1', async () => {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const env = { PATH: process.env['PATH'], KUBECONFIG: '/nowhere/config', PORT: '0' };
  const failure = await promisify(execFile)(process.execPath, [main], { env }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^operator: no cluster to work on: .*\/nowhere\/config.*; set KUBECONFIG\n$/,
    ),
  });
});

test('WATCH_NAMESPACES is a list, and what is no namespace stops the start', () => {
  expect(readSettings({ WATCH_NAMESPACES: 'payments-dev, payments-prod' }).WATCH_NAMESPACES).toEqual([
    'payments-dev',
    'payments-prod',
  ]);
  for (const wrong of ['a,,b', 'a/b', 'A']) {
    expect(() => readSettings({ WATCH_NAMESPACES: wrong })).toThrow('WATCH_NAMESPACES');
  }
});
