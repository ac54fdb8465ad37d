import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { KubeClient, KubeObject } from '@cofferdam/operator/engine';
import { RESOURCES } from '@cofferdam/operator/engine';
import type { Container, Deployment, Pod } from '../src/controllers/objects.ts';
import type { ImageTable } from '../src/index.ts';

export const IMAGE = 'test/pod-program:1';

export const images: ImageTable = {
  [IMAGE]: {
    program: process.execPath,
    args: [fileURLToPath(new URL('./programs/pod-program.ts', import.meta.url))],
  },
};

/** That of the clone: each cluster of the suites runs the same code. */
export const cacheDirectory = fileURLToPath(new URL('../../.cofferdam/cache', import.meta.url));

/** Asks until the answer is there; the last failure says why it never came. */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown = new Error('the answer never came');
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      failure = error;
    }
    await sleep(50);
  } while (performance.now() < deadline);
  throw failure;
}

export function deploymentOf(
  namespace: string,
  name: string,
  container: Partial<Container>,
  spec: Record<string, unknown> = {},
): KubeObject {
  const { pod = {}, ...more } = spec as { pod?: object };
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      ...more,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 5,
          ...pod,
          containers: [
            {
              name: 'main',
              image: IMAGE,
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
              readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
              ...container,
            },
          ],
        },
      },
    },
  };
  return manifest as KubeObject;
}

export function serviceOf(namespace: string, name: string): KubeObject {
  const spec = { selector: { app: name }, ports: [{ port: 8080, targetPort: 'http', protocol: 'TCP' }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec } as KubeObject;
}

export const podsOf = async (client: KubeClient, namespace: string, app: string): Promise<Pod[]> =>
  (await client.list<Pod>(RESOURCES.pods, { namespace, labelSelector: `app=${app}` })).items;

/** The Deployment once its present generation is rolled out. */
export const rolledOut = (client: KubeClient, namespace: string, name: string): Promise<Deployment> =>
  eventually(async () => {
    const found = await client.get<Deployment>(RESOURCES.deployments, { namespace, name });
    const { status = {}, spec, metadata } = found;
    const done =
      status.observedGeneration === metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.replicas === spec.replicas &&
      status.availableReplicas === spec.replicas;
    if (!done) throw new Error(`${name} is not rolled out: ${JSON.stringify(status)}`);
    return found;
  });

export const pidOf = (pod: Pod): number =>
  Number(pod.status?.containerStatuses?.[0]?.containerID?.replace('process://', ''));

/** Processes of this machine whose arguments or environment name the directory. */
export function processesOf(directory: string): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(pid, 'cmdline').includes(directory) || read(pid, 'environ').includes(directory))
    .map(Number);
}
