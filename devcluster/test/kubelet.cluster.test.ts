import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createClient,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  RESOURCES,
  type Transport,
} from '@cofferdam/operator/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, isActive, type Job, type Pod } from '../src/controllers/objects.ts';
import { type RunningCluster, startCluster } from '../src/index.ts';
import { isRunning } from '../src/process/index.ts';
import {
  cacheDirectory,
  deploymentOf,
  eventually,
  IMAGE,
  images,
  pidOf,
  podsOf,
  processesOf,
  rolledOut,
  serviceOf,
} from './cluster-fixture.ts';

const NAMESPACE = 'shop';
const secret = (name: string, text: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE },
    data: { text: Buffer.from(text).toString('base64') },
  }) as KubeObject;

describe('the process kubelet and the controllers', () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'cofferdam-cluster-'));
  let cluster: RunningCluster;
  let transport: Transport;
  let client: KubeClient;

  beforeAll(async () => {
    const options = { stateDirectory, cacheDirectory, images, addons: false, restartBackoffMs: 200 };
    cluster = await startCluster(options);
    transport = createTransport(await kubeconfigFile(cluster.kubeconfigPath));
    client = createClient({ transport, fieldManager: 'test' });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await client.create(RESOURCES.namespaces, namespace);
    await eventually(() => client.get(RESOURCES.serviceAccounts, { namespace: NAMESPACE, name: 'default' }));
  });
  afterAll(async () => {
    await transport?.close();
    await cluster?.stop();
    rmSync(stateDirectory, { recursive: true, force: true });
  });

  const log = (pod: string, query = ''): Promise<string> =>
    client.raw(`/api/v1/namespaces/${NAMESPACE}/pods/${pod}/log${query}`);
  const ask = async (pod: Pod, path: string): Promise<string> =>
    (await fetch(`http://${pod.status?.podIP}:8080${path}`)).text();
  const first = async (app: string): Promise<Pod> => {
    const pod = (await podsOf(client, NAMESPACE, app)).find(isActive);
    if (pod === undefined) throw new Error(`${app} has no pod`);
    return pod;
  };

  it('keep compiled code where they are told to, and not in the state', () => {
    expect(existsSync(join(cacheDirectory, 'compiled'))).toBe(true);
    expect(existsSync(join(stateDirectory, 'cache'))).toBe(false);
  });

  describe('a Deployment', () => {
    beforeAll(async () => {
      await client.create(RESOURCES.secrets, secret('greeting', 'hello'));
      await client.create(RESOURCES.services, serviceOf(NAMESPACE, 'web'));
      const container = {
        args: ['serve', 'one'],
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'SECRET_FILE', value: '/etc/greeting/text' },
        ],
        volumeMounts: [{ name: 'greeting', mountPath: '/etc/greeting' }],
      };
      const pod = { volumes: [{ name: 'greeting', secret: { secretName: 'greeting', defaultMode: 0o400 } }] };
      await client.create(RESOURCES.deployments, deploymentOf(NAMESPACE, 'web', container, { pod }));
      await rolledOut(client, NAMESPACE, 'web');
    });

    it('becomes pods with the names, owners and addresses of a real cluster', async () => {
      const pods = await podsOf(client, NAMESPACE, 'web');
      const [set] = (await client.list(RESOURCES.replicaSets, { namespace: NAMESPACE })).items;
      const hash = pods[0]?.metadata.labels?.['pod-template-hash'];
      expect(set?.metadata.name).toBe(`web-${hash}`);
      expect(pods.map(({ metadata }) => metadata.name)).toEqual([
        expect.stringMatching(new RegExp(`^web-${hash}-[a-z0-9]{5}$`)),
        expect.stringMatching(new RegExp(`^web-${hash}-[a-z0-9]{5}$`)),
      ]);
      expect(new Set(pods.map(({ status }) => status?.podIP)).size).toBe(2);
      for (const pod of pods) expect(await ask(pod, '/')).toBe(`one ${pod.metadata.name}`);
    });

    it('is reached by the name and by the address of its Service', async () => {
      const pods = await podsOf(client, NAMESPACE, 'web');
      const answers = pods.map(({ metadata }) => `one ${metadata.name}`);
      for (const name of ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local']) {
        const url = encodeURIComponent(`http://${name}:8080/`);
        const answer = await eventually(async () => {
          const text = await ask(await first('web'), `/fetch/${url}`);
          return answers.includes(text) ? text : undefined;
        });
        expect(answers).toContain(answer);
      }
      const service = await client.get<KubeObject & { spec: { clusterIP: string } }>(RESOURCES.services, {
        namespace: NAMESPACE,
        name: 'web',
      });
      const through = await eventually(async () =>
        (await fetch(`http://${service.spec.clusterIP}:8080/`)).text(),
      );
      expect(answers).toContain(through);
    });

    it('gives its processes nothing of the environment but what a node and a manifest give', async () => {
      const env = JSON.parse(await ask(await first('web'), '/env')) as Record<string, string>;
      expect(Object.keys(env).sort()).toEqual(
        [
          ...['HOME', 'HOSTNAME', 'KUBECONFIG', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'],
          ...['NODE_OPTIONS', 'PATH', 'POD_NAME', 'SECRET_FILE'],
          ...['LANG', 'TZ'].filter((name) => process.env[name] !== undefined),
        ].sort(),
      );
    });

    it('knows who it is by a token that is bound to it', async () => {
      const pod = await first('web');
      const { status } = JSON.parse(await ask(pod, '/whoami'));
      expect(status.userInfo.username).toBe('system:serviceaccount:shop:default');
      expect(status.userInfo.extra['authentication.kubernetes.io/pod-name']).toEqual([pod.metadata.name]);
    });

    it('its logs can be read, from their end and with times', async () => {
      const { metadata } = await first('web');
      expect(await log(metadata.name)).toMatch(/^serve one as \d+\n$/);
      expect(await log(metadata.name, '?tailLines=0')).toBe('');
      expect(await log(metadata.name, '?timestamps=true')).toMatch(
        /^\d{4}-\d\d-\d\dT[\d:.]+Z serve one as \d+\n$/,
      );
    });

    it('sees a Secret change in its files', async () => {
      const pod = await first('web');
      expect(await ask(pod, '/secret')).toBe('hello');
      const data = { text: Buffer.from('welcome').toString('base64') };
      const key = { namespace: NAMESPACE, name: 'greeting' };
      await client.patch(RESOURCES.secrets, key, { type: 'merge', body: { data } });
      expect(
        await eventually(async () => ((await ask(pod, '/secret')) === 'welcome' ? true : undefined)),
      ).toBe(true);
    });

    it('heals when a process is killed, and keeps what the process before it wrote', async () => {
      const pod = await first('web');
      process.kill(pidOf(pod), 'SIGKILL');
      const healed = await eventually(async () => {
        const found = await client.get<Pod>(RESOURCES.pods, {
          namespace: NAMESPACE,
          name: pod.metadata.name,
        });
        const [status] = found.status?.containerStatuses ?? [];
        return status?.ready === true && status.restartCount === 1 ? status : undefined;
      });
      expect(healed.lastState?.terminated).toMatchObject({ exitCode: 137, signal: 9, reason: 'Error' });
      expect(await log(pod.metadata.name, '?previous=true')).toBe(`serve one as ${pidOf(pod)}\n`);
    });

    it('rolls without ever having fewer available than it should', async () => {
      const key = { namespace: NAMESPACE, name: 'web' };
      const available: number[] = [];
      const watching = new AbortController();
      const watch = (async () => {
        while (!watching.signal.aborted) {
          const pods = await podsOf(client, NAMESPACE, 'web');
          available.push(pods.filter(({ status }) => status?.containerStatuses?.[0]?.ready === true).length);
          await sleep(20);
        }
      })();
      const path = '/spec/template/spec/containers/0/args';
      await client.patch(RESOURCES.deployments, key, {
        type: 'json',
        body: [{ op: 'replace', path, value: ['serve', 'two'] }],
      });
      const done = await rolledOut(client, NAMESPACE, 'web');
      watching.abort();
      await watch;
      expect(Math.min(...available)).toBeGreaterThanOrEqual(2);
      expect(done.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
      expect(await ask(await first('web'), '/')).toMatch(/^two /);
    });

    it('goes as a whole, each process asked to end first', async () => {
      const { name } = (await first('web')).metadata;
      const following = log(name, '?follow=true');
      await client.delete(RESOURCES.deployments, { namespace: NAMESPACE, name: 'web' });
      await eventually(async () =>
        (await podsOf(client, NAMESPACE, 'web')).length === 0 ? true : undefined,
      );
      expect(await following).toMatch(/told to end\n$/);
      const left = readdirSync(join(stateDirectory, 'run', 'pods')).filter((each) => each.includes('_web-'));
      expect(left).toEqual([]);
    });
  });

  it('a pod whose Secret is missing says so, and starts when it is there', async () => {
    const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'late', key: 'text' } } }];
    await client.create(RESOURCES.deployments, deploymentOf(NAMESPACE, 'late', { env }, { replicas: 1 }));
    const waiting = await eventually(
      async () => (await first('late')).status?.containerStatuses?.[0]?.state?.waiting,
    );
    const named = await eventually(async () => {
      const state = (await first('late')).status?.containerStatuses?.[0]?.state?.waiting ?? waiting;
      return state.reason === 'CreateContainerConfigError' ? state : undefined;
    });
    expect(named.message).toBe('secret "late" not found');
    await client.create(RESOURCES.secrets, secret('late', 'here'));
    await rolledOut(client, NAMESPACE, 'late');
  });

  it('an image that it does not know is never run', async () => {
    const container = { image: 'example.com/other:1' };
    await client.create(RESOURCES.deployments, deploymentOf(NAMESPACE, 'other', container, { replicas: 1 }));
    const reason = await eventually(async () => {
      const { waiting } = (await first('other')).status?.containerStatuses?.[0]?.state ?? {};
      return waiting?.reason?.includes('Image') === true || waiting?.reason === 'ErrImagePull'
        ? waiting.reason
        : undefined;
    });
    expect(['ErrImagePull', 'ImagePullBackOff']).toContain(reason);
  });

  it('a process that is ill is started again', async () => {
    const livenessProbe = {
      httpGet: { path: '/healthz', port: 'http' },
      periodSeconds: 1,
      failureThreshold: 1,
      timeoutSeconds: 10, // a process that is only slow, on a busy machine, is not ill
    };
    await client.create(
      RESOURCES.deployments,
      deploymentOf(NAMESPACE, 'ill', { livenessProbe }, { replicas: 1 }),
    );
    await rolledOut(client, NAMESPACE, 'ill');
    await ask(await first('ill'), '/sicken');
    const status = await eventually(async () => {
      const [found] = (await first('ill')).status?.containerStatuses ?? [];
      return found?.restartCount === 1 && found.ready ? found : undefined;
    });
    expect(status.lastState?.terminated?.exitCode).toBe(0);
  });

  describe('a Job', () => {
    const jobOf = (name: string, args: string[], spec: object): KubeObject =>
      ({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: NAMESPACE },
        spec: {
          ...spec,
          template: {
            spec: {
              restartPolicy: 'Never',
              initContainers: [{ name: 'first', image: IMAGE, args: ['exit', '0'] }],
              containers: [{ name: 'main', image: IMAGE, args }],
            },
          },
        },
      }) as KubeObject;
    const ended = (name: string): Promise<Job> =>
      eventually(async () => {
        const job = await client.get<Job>(RESOURCES.jobs, { namespace: NAMESPACE, name });
        return job.status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed')
          ? job
          : undefined;
      });
    const verdicts = ({ status }: Job): string[] => (status?.conditions ?? []).map(({ type }) => type);

    it('is complete when its process has ended well, after its init containers', async () => {
      await client.create(RESOURCES.jobs, jobOf('good', ['exit', '0'], {}));
      const job = await ended('good');
      expect(verdicts(job)).toEqual(['SuccessCriteriaMet', 'Complete']);
      expect(job.status).toMatchObject({ succeeded: 1 });
      const [pod] = (
        await client.list<Pod>(RESOURCES.pods, { namespace: NAMESPACE, labelSelector: 'job-name=good' })
      ).items;
      expect(pod?.status).toMatchObject({
        phase: 'Succeeded',
        initContainerStatuses: [
          { name: 'first', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        ],
      });
      expect(await log(pod?.metadata.name ?? '', '?container=main')).toMatch(/^exit 0/);
    });

    it('tries again as often as backoffLimit says, then has failed', async () => {
      await client.create(RESOURCES.jobs, jobOf('bad', ['exit', '3'], { backoffLimit: 1 }));
      const job = await ended('bad');
      expect(verdicts(job)).toEqual(['FailureTarget', 'Failed']);
      expect(job.status).toMatchObject({ failed: 2 });
    });

    it('goes by itself after its time, with its pods', async () => {
      await client.create(RESOURCES.jobs, jobOf('brief', ['exit', '0'], { ttlSecondsAfterFinished: 1 }));
      await eventually(async () => {
        const { items } = await client.list(RESOURCES.jobs, { namespace: NAMESPACE });
        const pods = await client.list(RESOURCES.pods, {
          namespace: NAMESPACE,
          labelSelector: 'job-name=brief',
        });
        return items.some(({ metadata }) => metadata.name === 'brief') || pods.items.length > 0
          ? undefined
          : true;
      });
    });
  });

  it('a process that ignores SIGTERM is killed when its grace period is over', async () => {
    const container = { args: ['stubborn'] };
    const pod = { terminationGracePeriodSeconds: 1 };
    await client.create(
      RESOURCES.deployments,
      deploymentOf(NAMESPACE, 'stubborn', container, { replicas: 1, pod }),
    );
    await rolledOut(client, NAMESPACE, 'stubborn');
    const pid = pidOf(await first('stubborn'));
    await client.delete(RESOURCES.deployments, { namespace: NAMESPACE, name: 'stubborn' });
    await eventually(() => (existsSync(`/proc/${pid}`) ? undefined : true), 5_000);
  });

  it('the controllers and the kubelet start again when they are killed, and every pod with them', async () => {
    await client.create(RESOURCES.deployments, deploymentOf(NAMESPACE, 'tough', {}, { replicas: 1 }));
    await rolledOut(client, NAMESPACE, 'tough');
    const before = await first('tough');
    const [node] = processesOf(join(stateDirectory, 'run', 'node.json'));
    process.kill(node ?? Number.NaN, 'SIGKILL');
    const status = await eventually(async () => {
      const found = (await first('tough')).status?.containerStatuses?.[0];
      return found?.restartCount === 1 && found.ready ? found : undefined;
    }, 30_000);
    expect(status.lastState?.terminated?.reason).toBe('ContainerStatusUnknown');
    expect(isRunning(pidOf(before))).toBe(false);
  });

  it('a namespace that is deleted is emptied and goes', async () => {
    await client.delete(RESOURCES.namespaces, { name: NAMESPACE });
    await eventually(async () => {
      const { items } = await client.list<Deployment>(RESOURCES.namespaces);
      return items.some(({ metadata }) => metadata.name === NAMESPACE) ? undefined : true;
    });
    const { items } = await client.list(RESOURCES.pods);
    expect(items).toEqual([]);
    // The kubelet removes what a pod had once it has seen that it is gone.
    await eventually(() =>
      readdirSync(join(stateDirectory, 'run', 'pods')).length === 0 ? true : undefined,
    );
  });
});
