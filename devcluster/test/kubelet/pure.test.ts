import { describe, expect, it } from 'vitest';
import type {
  ConfigMap,
  Container,
  EndpointSlice,
  Pod,
  Secret,
  Service,
} from '../../src/controllers/objects.ts';
import { newRecord } from '../../src/kubelet/container-record.ts';
import { fieldValue, quantity, resourceValue } from '../../src/kubelet/downward.ts';
import { containerEnvironment, expand } from '../../src/kubelet/environment.ts';
import { lookupHost } from '../../src/kubelet/host-names.ts';
import { formatLog } from '../../src/kubelet/log-lines.ts';
import { rewriteMountPaths } from '../../src/kubelet/mount-paths.ts';
import { createPodAddressPool } from '../../src/kubelet/pod-addresses.ts';
import { podStatus, qosClass } from '../../src/kubelet/pod-status.ts';
import { createProbeTracker } from '../../src/kubelet/probe-tracker.ts';
import type { Sources } from '../../src/kubelet/references.ts';
import { createRestartBackoff } from '../../src/kubelet/restart-backoff.ts';
import { planHosts, planRoutes } from '../../src/kubelet/service-routes.ts';
import { volumeContent } from '../../src/kubelet/volume-content.ts';
import { meta, NOW, pod } from '../controllers/fixtures.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(name), data },
});
const secret = (name: string, data: Record<string, string>): Secret => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: meta(name) },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
});
const sources: Sources = {
  configMap: (name) =>
    name === 'settings' ? configMap('settings', { level: 'debug', region: 'eu' }) : undefined,
  secret: (name) => (name === 'database' ? secret('database', { password: 'p', username: 'u' }) : undefined),
};
const addresses = { podIp: '127.80.0.2', hostIp: '127.79.0.1', nodeName: 'devcluster-1' };
const environment = (container: Partial<Container>, base = {}) =>
  containerEnvironment({ name: 'web', ...container }, { pod: pod('web-1'), addresses, sources, base });

describe('containerEnvironment()', () => {
  it('takes values, references, whole maps and expansions, the later over the earlier', () => {
    const env = environment(
      {
        envFrom: [
          { prefix: 'CFG_', configMapRef: { name: 'settings' } },
          { secretRef: { name: 'database' } },
        ],
        env: [
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } },
          { name: 'URL', value: 'http://$(POD_IP):$(PORT)/$(CFG_region)$$(POD_IP)' },
          { name: 'username', value: 'mine' },
        ],
      },
      { PATH: '/bin' },
    );
    expect(env).toEqual({
      PATH: '/bin',
      CFG_level: 'debug',
      CFG_region: 'eu',
      password: 'p',
      username: 'mine',
      POD_IP: '127.80.0.2',
      PASSWORD: 'p',
      URL: 'http://127.80.0.2:$(PORT)/eu$(POD_IP)',
    });
  });

  it.each([
    [{ secretKeyRef: { name: 'nope', key: 'a' } }, 'secret "nope" not found'],
    [{ secretKeyRef: { name: 'database', key: 'a' } }, "couldn't find key a in Secret shop/database"],
    [{ configMapKeyRef: { name: 'nope', key: 'a' } }, 'configmap "nope" not found'],
  ])('says what is missing: %j', (valueFrom, message) => {
    expect(() => environment({ env: [{ name: 'A', valueFrom }] })).toThrow(message);
  });

  it('leaves out what is optional and not there', () => {
    const valueFrom = { secretKeyRef: { name: 'nope', key: 'a', optional: true } };
    expect(environment({ env: [{ name: 'A', valueFrom }] })).toEqual({});
  });
});

describe('the downward API', () => {
  it('knows labels, annotations, identity and resources', () => {
    const one = pod('web-1');
    expect(fieldValue(one, "metadata.labels['app']", addresses)).toBe('web');
    expect(fieldValue(one, 'metadata.labels', addresses)).toBe('app="web"');
    expect(fieldValue(one, 'metadata.uid', addresses)).toBe('uid-web-1');
    expect(() => fieldValue(one, 'spec.secrets', addresses)).toThrow('unsupported fieldPath');
    const container = { name: 'web', resources: { limits: { cpu: '250m', memory: '64Mi' } } };
    expect(resourceValue(container, 'limits.cpu', '1m')).toBe('250');
    expect(resourceValue(container, 'limits.memory', '1Mi')).toBe('64');
    expect(resourceValue(container, 'requests.cpu')).toBe('1');
    expect(quantity('1.5Gi')).toBe(1.5 * 2 ** 30);
  });

  it('expand() leaves what it does not know', () => {
    expect(expand('$(A) $(B) $$(A) $A', { A: '1' })).toBe('1 $(B) $(A) $A');
  });
});

describe('rewriteMountPaths()', () => {
  const mounts = [
    { mountPath: '/etc/cofferdam/accounts', realPath: '/pod/accounts' },
    { mountPath: '/etc/cofferdam/accounts/acme/', realPath: '/pod/acme' },
    { mountPath: '/tmp', realPath: '/pod/tmp' },
  ];
  it.each([
    ['/etc/cofferdam/accounts', '/pod/accounts'],
    ['/etc/cofferdam/accounts/a.json', '/pod/accounts/a.json'],
    ['/etc/cofferdam/accounts/acme/apiKey', '/pod/acme/apiKey'],
    ['--file=/tmp/x,/tmp/y', '--file=/pod/tmp/x,/pod/tmp/y'],
    ['file:///tmp/x', 'file:///pod/tmp/x'],
    ['/etc/cofferdam/accountsfile', '/etc/cofferdam/accountsfile'],
    ['http://host/tmp/x', 'http://host/tmp/x'],
    ['/var/tmp', '/var/tmp'],
  ])('%s becomes %s', (text, expected) => {
    expect(rewriteMountPaths(text, mounts)).toBe(expected);
  });
});

describe('volumeContent()', () => {
  const files = (volume: Parameters<typeof volumeContent>[0]) => {
    const content = volumeContent(volume, { pod: pod('web-1'), addresses, sources, token: () => 'jwt' });
    if (content === 'directory') return content;
    return Object.fromEntries(
      [...content.files].map(([path, { data, mode }]) => [path, [data.toString(), mode]]),
    );
  };

  it('gives files to their owner only, whatever the manifest says', () => {
    expect(files({ name: 'v', secret: { secretName: 'database', defaultMode: 0o644 } })).toEqual({
      password: ['p', 0o600],
      username: ['u', 0o600],
    });
    expect(files({ name: 'v', secret: { secretName: 'database', defaultMode: 0o440 } })).toMatchObject({
      password: ['p', 0o400],
    });
  });

  it('projects several sources into one directory', () => {
    const projected = {
      sources: [
        { serviceAccountToken: { path: 'token', audience: 'cofferdam' } },
        { configMap: { name: 'settings', items: [{ key: 'level', path: 'config/level' }] } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ],
    };
    expect(files({ name: 'v', projected })).toEqual({
      token: ['jwt', 0o600],
      'config/level': ['debug', 0o600],
      name: ['web-1', 0o600],
    });
  });

  it('refuses a path that leaves the volume, and a kind that it does not have', () => {
    const items = [{ key: 'level', path: '../level' }];
    expect(() => files({ name: 'v', configMap: { name: 'settings', items } })).toThrow('leaves its volume');
    expect(() => files({ name: 'v', hostPath: { path: '/' } })).toThrow('does not have');
  });

  it('says which key a Secret lacks, in the words of the kubelet', () => {
    const items = [{ key: 'nope', path: 'nope' }];
    expect(() => files({ name: 'v', secret: { secretName: 'database', items } })).toThrow(
      'references non-existent secret key: nope',
    );
  });

  it('an emptyDir is a directory', () => {
    expect(files({ name: 'v', emptyDir: {} })).toBe('directory');
  });
});

describe('lookupHost()', () => {
  const table = { 'vault.payments': ['127.80.0.2'], 'idle.payments': ['127.64.0.9'] };
  it.each([
    ['vault', ['127.80.0.2']],
    ['vault.payments', ['127.80.0.2']],
    ['Vault.Payments.svc', ['127.80.0.2']],
    ['vault.payments.svc.cluster.local', ['127.80.0.2']],
    ['vault.payments.svc.cluster.local.', ['127.80.0.2']],
    ['vault.other', undefined],
    ['vault.other.svc', []],
    ['a.vault.payments.svc', []],
    ['example.com', undefined],
    ['localhost', undefined],
  ])('%s is %j', (host, expected) => {
    expect(lookupHost(table, host, 'payments')).toEqual(expected);
  });
});

describe('planHosts() and planRoutes()', () => {
  const service = (port: number): Service => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: meta('web') },
    spec: { clusterIP: '127.64.0.9', ports: [{ port }] },
  });
  const slice = (ready: boolean): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta('web-x', { labels: { 'kubernetes.io/service-name': 'web' } }),
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.80.0.2'], conditions: { ready } }],
    ports: [{ port: 8080 }],
  });

  it('a name means the ready pods, so that their refusals are seen', () => {
    expect(planHosts([service(8080)], [slice(true)])).toEqual({ 'web.shop': ['127.80.0.2'] });
  });

  it('a Service that changes the port, or has nothing ready, is reached at its own address', () => {
    expect(planHosts([service(80)], [slice(true)])).toEqual({ 'web.shop': ['127.64.0.9'] });
    expect(planHosts([service(8080)], [slice(false)])).toEqual({ 'web.shop': ['127.64.0.9'] });
  });

  it('routes lead to ready endpoints only', () => {
    const route = { service: 'shop/web', host: '127.64.0.9', port: 80 };
    expect(planRoutes([service(80)], [slice(true)])).toEqual([
      { ...route, targets: [{ host: '127.80.0.2', port: 8080 }] },
    ]);
    expect(planRoutes([service(80)], [slice(false)])).toEqual([{ ...route, targets: [] }]);
  });
});

describe('podStatus()', () => {
  const status = (change: (record: ReturnType<typeof newRecord>) => void, one: Pod = pod('web-1')) => {
    const record = newRecord('web', 'web:1', undefined, false);
    change(record);
    return podStatus({
      ...{ pod: one, podIp: '127.80.0.2', hostIp: '127.79.0.1', startTime: '2026-11-22T11:59:00Z' },
      ...{ sandboxReady: true, init: [], containers: [record], now: NOW },
    });
  };
  const condition = (from: ReturnType<typeof status>, type: string) =>
    from.conditions?.find((each) => each.type === type);

  it('is Pending while its container has never run, Running and Ready when it serves', () => {
    expect(status(() => {}).phase).toBe('Pending');
    const serving = status((record) => {
      record.state = { running: { startedAt: '2026-11-22T11:59:30Z' } };
      record.started = true;
      record.ready = true;
    });
    expect(serving.phase).toBe('Running');
    expect(condition(serving, 'Ready')).toMatchObject({
      status: 'True',
      lastTransitionTime: '2026-11-22T11:59:55Z',
    });
  });

  it('a container that crashes keeps its pod Running and not ready, and says why', () => {
    const crashing = status((record) => {
      record.state = { waiting: { reason: 'CrashLoopBackOff' } };
      record.restartCount = 2;
    });
    expect(crashing.phase).toBe('Running');
    expect(condition(crashing, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [web]',
    });
  });

  it.each([
    [0, 'Succeeded', 'PodCompleted'],
    [1, 'Failed', 'PodFailed'],
  ])('a container that ended for good with %i makes the pod %s', (exitCode, phase, reason) => {
    const ended = status((record) => {
      record.finished = true;
      record.state = { terminated: { exitCode } };
    });
    expect(ended.phase).toBe(phase);
    expect(condition(ended, 'Ready')).toMatchObject({ status: 'False', reason });
  });

  it('a container that ran under an earlier kubelet is restarted, not started', () => {
    const before = {
      name: 'web',
      image: 'web:1',
      imageID: '',
      containerID: 'process://1',
      ready: true,
      restartCount: 1,
      state: { running: {} },
    };
    expect(newRecord('web', 'web:1', before, false)).toMatchObject({
      ran: true,
      restartCount: 1,
      lastState: { terminated: { reason: 'ContainerStatusUnknown' } },
    });
  });

  it('keeps conditions that others have set', () => {
    const one = pod('web-1');
    one.status?.conditions?.push({ type: 'example.com/gate', status: 'True' });
    expect(
      condition(
        status(() => {}, one),
        'example.com/gate',
      ),
    ).toMatchObject({ status: 'True' });
  });

  it('qosClass() follows requests and limits', () => {
    const one = pod('web-1');
    expect(qosClass(one)).toBe('BestEffort');
    one.spec.containers = [{ name: 'web', resources: { limits: { cpu: '1', memory: '1Gi' } } }];
    expect(qosClass(one)).toBe('Guaranteed');
    one.spec.containers = [{ name: 'web', resources: { requests: { cpu: '1' } } }];
    expect(qosClass(one)).toBe('Burstable');
  });
});

describe('back-off, probes, addresses, logs', () => {
  it('restarts at once, then after 10 s doubling to five minutes, forgotten after ten minutes of health', () => {
    const backoff = createRestartBackoff(10_000);
    const waits = [0, 0, 0, 0, 0, 0, 0, 0].map((ranFor) => backoff.next(ranFor));
    expect(waits).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(backoff.next(600_000)).toBe(0);
  });

  it('a probe fails only after as many periods as its threshold, however often it is asked', () => {
    const tracker = createProbeTracker({ periodSeconds: 1, failureThreshold: 2 });
    const verdicts = [0, 300, 600, 1_000, 1_300, 2_000].map((at) => tracker.take(false, at));
    expect(verdicts).toEqual([...Array(5).fill('unchanged'), 'failure']);
    expect(tracker.take(true, 2_300)).toBe('success');
    expect(tracker.take(false, 3_300)).toBe('unchanged');
    expect(tracker.take(false, 4_300)).toBe('failure');
  });

  it('a probe that has once succeeded fails at its first failure, if its threshold is one', () => {
    const tracker = createProbeTracker({ periodSeconds: 1, failureThreshold: 1 });
    expect(tracker.take(true, 0)).toBe('success');
    expect(tracker.take(false, 1_000)).toBe('failure');
  });

  it('gives each pod an address, and one that was given up only when it is its turn again', () => {
    const pool = createPodAddressPool('127.80.0.0/29');
    const taken = [1, 2, 3].map(() => pool.take());
    expect(taken).toEqual(['127.80.0.1', '127.80.0.2', '127.80.0.3']);
    pool.release('127.80.0.1');
    expect([1, 2, 3].map(() => pool.take())).toEqual(['127.80.0.4', '127.80.0.5', '127.80.0.6']);
    expect(pool.take()).toBe('127.80.0.1');
    expect(() => pool.take()).toThrow('no address');
  });

  it('formats logs as they were written', () => {
    const content = [
      '2026-11-22T12:00:00.000000000Z stdout F a b',
      '2026-11-22T12:00:01.000000000Z stderr F F',
    ].join('\n');
    expect(formatLog(content, { timestamps: false })).toBe('a b\nF\n');
    expect(formatLog(content, { timestamps: false, tailLines: 1 })).toBe('F\n');
    expect(formatLog(content, { timestamps: true, sinceMs: Date.parse('2026-11-22T12:00:00.5Z') })).toBe(
      '2026-11-22T12:00:01.000000000Z F\n',
    );
  });
});
