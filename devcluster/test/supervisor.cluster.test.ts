import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createTransport, kubeconfigFile, RESOURCES } from '@cofferdam/operator/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { startCluster } from '../src/index.ts';
import {
  cacheDirectory,
  deploymentOf,
  eventually,
  images,
  pidOf,
  podsOf,
  processesOf,
  rolledOut,
} from './cluster-fixture.ts';

const program = fileURLToPath(new URL('./programs/run-cluster.ts', import.meta.url));

describe('startCluster()', () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'cofferdam-supervisor-'));
  afterAll(() => rmSync(stateDirectory, { recursive: true, force: true }));

  it('refuses a second one, leaves no process when its own is killed, and starts again after that', async () => {
    const supervisor = spawn(process.execPath, [program, stateDirectory, JSON.stringify(images)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      supervisor.stdout.once('data', (line) => resolve(String(line).trim()));
      supervisor.once('exit', () => reject(new Error('the supervisor did not come up')));
    });
    const transport = createTransport(await kubeconfigFile(kubeconfig));
    const client = createClient({ transport, fieldManager: 'test' });
    const account = { namespace: 'default', name: 'default' };
    await eventually(() => client.get(RESOURCES.serviceAccounts, account));
    await client.create(RESOURCES.deployments, deploymentOf('default', 'web', {}));
    await rolledOut(client, 'default', 'web');

    await expect(startCluster({ stateDirectory, addons: false })).rejects.toMatchObject({
      code: 'cluster_running',
      message: expect.stringContaining(`process ${supervisor.pid}`),
    });

    const pids = (await podsOf(client, 'default', 'web')).map(pidOf);
    expect(processesOf(stateDirectory)).toEqual(expect.arrayContaining(pids));
    supervisor.kill('SIGKILL');
    await transport.close();
    await eventually(() => (processesOf(stateDirectory).length === 0 ? true : undefined), 15_000);

    const again = await startCluster({ stateDirectory, cacheDirectory, images, addons: false });
    await again.stop();
    await eventually(() => (processesOf(stateDirectory).length === 0 ? true : undefined), 5_000);
  });

  it('ends a start when it is told to, with nothing left running, and is free for the next one', async () => {
    const ending = new AbortController();
    let reached = false;
    const starting = startCluster({
      stateDirectory,
      cacheDirectory,
      images,
      kafka: 'off',
      signal: ending.signal,
      onProgress: ({ part, state }) => {
        if (part !== 'Controllers and kubelet' || state !== 'working') return;
        reached = true;
        ending.abort();
      },
    });
    await expect(starting).rejects.toMatchObject({ code: 'stopped' });
    expect(reached).toBe(true);
    expect(processesOf(stateDirectory)).toEqual([]);
    const began = performance.now();
    const never = startCluster({ stateDirectory, signal: ending.signal });
    await expect(never).rejects.toMatchObject({ code: 'stopped' });
    expect(performance.now() - began).toBeLessThan(1_500);
  });
});
