import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PaymentVault } from '@cofferdam/crds';
import { startApiServer } from '@cofferdam/devcluster/apiserver';
import {
  createApplySet,
  createClient,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  ownerReferenceTo,
  RESOURCES,
  type Resource,
} from '@cofferdam/operator/engine';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../src/cluster/observed.ts';
import { clusterFacts } from '../src/diff/cluster-facts.ts';
import { DEFAULT_IMAGES, keyArnOf } from '../src/render/facts.ts';
import { planResources } from '../src/render/plan.ts';
import { conditions, connector, FINE, vault } from './support/resources.ts';
import { cofferdam } from './support/terminal.ts';

const root = new URL('../../', import.meta.url);
const main = new URL('../src/main.ts', import.meta.url).pathname;
const CRASH_LOG = 'DATABASE_DIR: /etc/cofferdam/database has no file "password"';

let directory: string;
let kubeconfig: string;
let client: KubeClient;
let close: () => Promise<void>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-cli-'));
  const server = await startApiServer({ stateDirectory: directory });
  const transport = createTransport(await kubeconfigFile(server.kubeconfig));
  kubeconfig = server.kubeconfig;
  client = createClient({ transport, fieldManager: 'test' });
  close = async () => {
    await transport.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  const definitions = new URL('crds/yaml/', root);
  for (const file of await readdir(definitions)) {
    const definition: KubeObject = parse(await readFile(new URL(file, definitions), 'utf8'));
    await client.apply(RESOURCES.customResourceDefinitions, definition);
  }
  for (const name of ['cofferdam-system', 'fine', 'stuck', 'migrating', 'changing'])
    await client.create(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await client.create(RESOURCES.leases, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'cofferdam-operator', namespace: 'cofferdam-system' },
    spec: { holderIdentity: 'test', renewTime: new Date().toISOString().replace('Z', '000Z') },
  } as KubeObject);
});
afterAll(() => close());

/** Creates an object and then says its status, as a controller would. */
async function create(
  resource: Resource,
  object: KubeObject & { status?: unknown },
  status: object | undefined = object.status as object | undefined,
): Promise<KubeObject> {
  const { status: _, ...rest } = object;
  const made = await client.create<KubeObject>(resource, rest);
  if (status === undefined) return made;
  const { generation = 1 } = made.metadata;
  const body = { status: { observedGeneration: generation, ...status } };
  return client.patch(resource, made.metadata, { type: 'merge', body }, { subresource: 'status' });
}

const vaultIn = (namespace: string, said: Record<string, string> = FINE) => {
  const object = vault(said);
  return create(PAYMENT_VAULTS, { ...object, metadata: { name: 'payments', namespace } });
};
const connectorIn = (namespace: string, said: Record<string, string> = FINE) => {
  const object = connector(said);
  return create(PSP_CONNECTORS, { ...object, metadata: { name: 'stripe', namespace } });
};
const ownedBy = ({ apiVersion, kind, metadata: { name, uid = '' } }: KubeObject) => [
  { apiVersion, kind, name, uid, controller: true },
];
const run = (...words: string[]) => cofferdam([...words, '--kubeconfig', kubeconfig]);

const template = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'vault', image: 'vault:1' }], restartPolicy: 'Never' },
});

function podOf(owner: KubeObject, labels: Record<string, string>): KubeObject {
  const { name, namespace = '' } = owner.metadata;
  const metadata = { name: `${name}-abc`, namespace, labels, ownerReferences: ownedBy(owner) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec: template(labels).spec } };
}

describe('cofferdam status', () => {
  it('ends with 0 where all is Ready, and 2 where something is not', async () => {
    await vaultIn('fine');
    await connectorIn('fine');
    const fine = await run('status', '-n', 'fine', '-o', 'json');
    expect(fine.status).toBe(0);
    expect(JSON.parse(fine.stdout)).toMatchObject({
      ready: true,
      vaults: [{ name: 'payments', ready: 'True', connectors: [{ name: 'stripe', provider: 'stripe' }] }],
    });
    await connectorIn('stuck', { Ready: 'False VaultNotFound PaymentVault stuck/payments not found' });
    const all = await run('status', '-A');
    expect(all.status).toBe(2);
    expect(all.stdout).toMatch(/^NAMESPACE +PAYMENTVAULT +READY/);
    expect(all.stdout).toContain('  cofferdam why pspconnector/stripe -n stuck\n');
    expect(parse((await run('status', '-n', 'stuck', '-o', 'yaml')).stdout)).toMatchObject({
      ready: false,
      vaults: [],
      unbound: [{ name: 'stripe', reason: 'VaultNotFound' }],
    });
  });

  it('says on stderr that there is nothing, and where to look', async () => {
    expect(await run('status', '-n', 'changing')).toEqual({
      stdout: '',
      stderr: 'No PaymentVault or PSPConnector in namespace changing: try -A.\n',
      status: 0,
    });
  });

  it('ends with 3 when no cluster answers, with the next step in one line', async () => {
    const text = (await readFile(kubeconfig, 'utf8')).replace(/server: .*/, 'server: https://127.0.0.1:1');
    const dead = join(directory, 'dead.kubeconfig');
    await writeFile(dead, text);
    const ran = await execa(process.execPath, [main, 'status'], { env: { KUBECONFIG: dead }, reject: false });
    expect(ran.exitCode).toBe(3);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(/^cofferdam: no answer from https:\/\/127.0.0.1:1 \(ECONNREFUSED\): .*$/);
    const wrong = await cofferdam(['status', '--kubeconfig', kubeconfig, '--context', 'nope']);
    expect(wrong).toMatchObject({ status: 3, stdout: '' });
    expect(wrong.stderr).toContain('context nope names no cluster');
  });
});

describe('cofferdam why', () => {
  it('walks from a failed migration to the container that ended, and its Job', async () => {
    const payments = await vaultIn('migrating', {
      Ready: 'False MigrationFailed DatabaseMigrated: Job payments-vault-migrate-1 failed',
      Stalled: 'True MigrationFailed DatabaseMigrated: Job payments-vault-migrate-1 failed',
      DatabaseMigrated: 'False MigrationFailed Job payments-vault-migrate-1 failed',
    });
    const name = 'payments-vault-migrate-1';
    const job = await create(
      RESOURCES.jobs,
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: 'migrating', ownerReferences: ownedBy(payments) },
        ...{ spec: { backoffLimit: 0, template: template({}) } },
      },
      undefined,
    );
    const times = { startTime: '2026-01-01T00:00:00Z', failed: 1 };
    const failed = ['FailureTarget', 'Failed'].map((type) => ({
      type,
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    }));
    const statusOf = { subresource: 'status' };
    await client.patch(
      RESOURCES.jobs,
      job.metadata,
      { type: 'merge', body: { status: { ...times, conditions: failed } } },
      statusOf,
    );
    const pod = await client.create<KubeObject>(RESOURCES.pods, podOf(job, {}));
    const terminated = { exitCode: 2, reason: 'Error', message: CRASH_LOG };
    const containerStatuses = [
      { name: 'vault', image: 'vault:1', imageID: '', ready: false, restartCount: 0, state: { terminated } },
    ];
    await client.patch(
      RESOURCES.pods,
      pod.metadata,
      { type: 'merge', body: { status: { phase: 'Failed', containerStatuses } } },
      statusOf,
    );
    const ran = await run('why', 'pvault/payments', '-n', 'migrating');
    expect(ran).toEqual({
      status: 2,
      stderr: '',
      stdout: [
        `PaymentVault migrating/payments: container vault of pod ${name}-abc ends with exit status 2: ${CRASH_LOG}`,
        '',
        'Because:',
        '  - condition Stalled=True MigrationFailed: DatabaseMigrated: Job payments-vault-migrate-1 failed',
        '  - container vault: Error, exit status 2, 0 restarts',
        '  - condition Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit',
        '',
        'Next:',
        `  kubectl -n migrating logs ${name}-abc -c vault`,
        '',
      ].join('\n'),
    });
    expect((await run('why', `job/${name}`, '-n', 'migrating')).stdout).toContain(CRASH_LOG);
    expect((await run('why', `pod/${name}-abc`, '-n', 'migrating')).status).toBe(2);
  });

  it('finds the missing Secret in the event of a pod of a Deployment', async () => {
    const labels = { app: 'payments-vault' };
    const deployment = await create(
      RESOURCES.deployments,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'payments-vault', namespace: 'stuck' },
        ...{
          spec: {
            replicas: 1,
            selector: { matchLabels: labels },
            template: { ...template(labels), spec: { containers: [{ name: 'vault', image: 'vault:1' }] } },
          },
        },
      },
      { replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 },
    );
    const pod = await client.create<KubeObject>(RESOURCES.pods, podOf(deployment, labels));
    const { name, namespace = '', uid = '' } = pod.metadata;
    await client.create(RESOURCES.events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'mount', namespace },
      type: 'Warning',
      reason: 'FailedMount',
      message: 'MountVolume.SetUp failed for volume "database" : secret "vault-database" not found',
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
      count: 3,
    } as KubeObject);
    const ran = await run('why', 'deploy/payments-vault', '-n', 'stuck');
    expect(ran.status).toBe(2);
    expect(ran.stdout).toMatch(
      /^Deployment stuck\/payments-vault: Secret stuck\/vault-database does not exist\n/,
    );
    expect(ran.stdout).toContain(`event FailedMount of pod/${name} (3 times): MountVolume.SetUp failed`);
    expect(ran.stdout).toContain('create secret generic vault-database --from-literal=host=');
  });

  it('ends with 0 where nothing is wrong, and with 1 where there is nothing', async () => {
    expect(await run('why', 'paymentvault/payments', '-n', 'fine')).toEqual({
      stdout: 'PaymentVault fine/payments: nothing is wrong\n',
      stderr: '',
      status: 0,
    });
    expect(await run('why', 'pspc/nope', '-n', 'fine')).toEqual({
      stdout: '',
      stderr:
        'cofferdam: PSPConnector fine/nope not found: see kubectl -n fine get pspconnectors, or name another -n\n',
      status: 1,
    });
  });
});

describe('cofferdam diff', () => {
  const diff = (file: string, ...more: string[]) => run('diff', '-f', file, '-n', 'changing', ...more);
  const { status: _, ...wanted } = vault();
  const manifest = (spec: object) =>
    JSON.stringify({ ...wanted, metadata: { name: 'payments' }, spec: { ...wanted.spec, ...spec } });

  it('shows a new vault with everything that it becomes, and writes nothing', async () => {
    const file = join(directory, 'vault.json');
    await writeFile(file, manifest({}));
    const ran = await diff(file);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('+++ wanted/PaymentVault changing/payments\n');
    expect(ran.stdout).toContain('+++ wanted/Deployment changing/payments-vault\n');
    expect((await client.list(PAYMENT_VAULTS, { namespace: 'changing' })).items).toEqual([]);
    expect((await client.list(RESOURCES.deployments, { namespace: 'changing' })).items).toEqual([]);
  });

  it('ends with 0 when nothing would change, and shows a member that the file drops', async () => {
    const file = join(directory, 'vault.json');
    await writeFile(file, manifest({ paused: true }));
    const object = JSON.parse(manifest({ paused: true })) as KubeObject;
    object.metadata.namespace = 'changing';
    // Argo CD's own, in no file.
    object.metadata.annotations = {
      'argocd.argoproj.io/tracking-id': 'payments:PaymentVault:changing/payments',
    };
    await client.apply(PAYMENT_VAULTS, object, { fieldManager: 'argocd-controller' });
    expect(await diff(file, '--own')).toEqual({ stdout: '', stderr: '', status: 0 });
    await writeFile(file, manifest({}));
    const ran = await diff(file, '--own');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('\n-  paused: true\n');
  });

  it('ends with 2 and the words of the API server when it would refuse the change', async () => {
    const file = join(directory, 'vault.json');
    await writeFile(file, manifest({ vaultId: 'another' }));
    const ran = await diff(file);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain('PaymentVault changing/payments would be refused');
    expect(ran.stderr).toContain('is immutable: data, keys and topics are named by it');
  });

  it('shows no difference in what the operator has applied, and what it would delete', async () => {
    const file = join(directory, 'own.json');
    await writeFile(file, manifest({ paused: true }));
    const live = await client.get<KubeObject & PaymentVault>(PAYMENT_VAULTS, {
      namespace: 'changing',
      name: 'payments',
    });
    const images = DEFAULT_IMAGES;
    const facts = await clusterFacts(client, { operatorNamespace: 'cofferdam-system', images });
    const [rendered] = planResources([live], { facts, keyArn: (one) => keyArnOf(one, undefined) });
    const operator = createClient({ transport: client.transport, fieldManager: 'cofferdam-operator' });
    await createApplySet({ client: operator, annotation: 'payments.cofferdam.dev/applied' }).converge({
      owner: ownerReferenceTo(live),
      wanted: rendered?.manifests ?? [],
      observed: [],
    });
    expect(await diff(file)).toEqual({ stdout: '', stderr: '', status: 0 });

    const labels = { 'app.kubernetes.io/managed-by': 'cofferdam-operator' };
    await client.create(RESOURCES.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'left-over', namespace: 'changing', labels, ownerReferences: ownedBy(live) },
    });
    const after = await diff(file);
    expect(after.status).toBe(1);
    expect(after.stdout.match(/^(---|\+\+\+) .*$/gm)).toEqual([
      '--- live/ConfigMap changing/left-over',
      '+++ /dev/null',
    ]);
  });
});

it('drift asks the cluster that is named, and says that it was the cluster', async () => {
  const clone = join(directory, 'clone');
  await cp(new URL('environments/', root), join(clone, 'environments'), { recursive: true });
  const git = (...words: string[]) =>
    execa('git', ['-C', clone, '-c', 'user.name=a', '-c', 'user.email=a@example.test', ...words]);
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'all');
  const drift = async () => {
    const ran = await run('drift', '--env', 'dev', '--offline', '--repository', clone, '-o', 'json');
    const [found] = JSON.parse(ran.stdout) as [
      { drifts: { what: string; detail: string; source: string }[] },
    ];
    return {
      status: ran.status,
      drifts: found.drifts.map(({ what, detail, source }) => [what, detail, source]),
    };
  };
  const rendered = join(clone, 'environments/dev/rendered');
  const ours: KubeObject[] = [];
  for (const file of await readdir(rendered)) {
    const object: KubeObject = parse(await readFile(join(rendered, file), 'utf8'));
    if (['PaymentVault', 'PSPConnector'].includes(object.kind ?? '')) ours.push(object);
  }
  const name = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace}/${metadata.name}`;
  expect(ours.length).toBeGreaterThan(1);
  expect(await drift()).toEqual({
    status: 2,
    drifts: ours.map((object) => [name(object), 'is not there', 'cluster']),
  });

  const namespace = ours[0]?.metadata.namespace ?? '';
  await client.create(RESOURCES.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  for (const object of ours) {
    const kind = object.kind === 'PaymentVault' ? PAYMENT_VAULTS : PSP_CONNECTORS;
    await client.apply(kind, object, { fieldManager: 'argocd-controller' });
  }
  expect(await drift()).toEqual({ status: 0, drifts: [] });

  const [vaultThere] = ours.filter(({ kind }) => kind === 'PaymentVault');
  if (vaultThere === undefined) throw new Error('no vault');
  // By hand, as an engineer does at night.
  const image = `ghcr.io/cofferdam/vault@sha256:${'e'.repeat(64)}`;
  const edited = { ...vaultThere, spec: { images: { vault: image } } };
  await client.apply(PAYMENT_VAULTS, edited, { fieldManager: 'kubectl', force: true });
  expect(await drift()).toEqual({ status: 2, drifts: [[name(vaultThere), 'differs from Git', 'cluster']] });
});

it('conditions() of the fixtures are what the API server takes', async () => {
  const { items } = await client.list<KubeObject & { status?: object }>(PAYMENT_VAULTS, {
    namespace: 'fine',
  });
  expect(items[0]?.status).toMatchObject({ conditions: conditions(FINE) });
});
