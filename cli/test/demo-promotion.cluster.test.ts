import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createClient,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  RESOURCES,
} from '@cofferdam/operator/engine';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BROKEN, newPinsOf, pinsOf } from '../src/demo/promotion/releases.ts';
import { eventually } from './support/eventually.ts';
import { isAlive } from './support/processes.ts';
import { type PromotionDemo, startPromotionDemo } from './support/promotion-demo.ts';

/** One run of the demo; what it says of the world is asked of the world: of Git, and of the cluster. */
let demo: PromotionDemo;
let client: KubeClient;
let close: () => Promise<void>;
const ENVIRONMENTS = ['dev', 'staging', 'prod'];
const broken = newPinsOf(BROKEN)['vault'] ?? '';

beforeAll(async () => {
  demo = await startPromotionDemo();
  const transport = createTransport(await kubeconfigFile(demo.result.kubeconfig));
  client = createClient({ transport });
  close = () => transport.close();
}, 400_000);

afterAll(async () => {
  await close?.();
  await demo?.interrupt();
});

const git = async (...words: string[]) =>
  (await execa('git', ['-C', demo.result.repository, ...words])).stdout;

interface Workload extends KubeObject {
  metadata: KubeObject['metadata'] & { namespace: string };
  spec: { template: { spec: { containers: { image: string }[] } } };
}
const imageOf = ({ spec }: Workload) => spec.template.spec.containers[0]?.image;

it('leaves every environment with the release that proved itself: in Git, and in the cluster', async () => {
  const wanted = pinsOf('1.1.0');
  for (const name of ENVIRONMENTS) {
    const release = parse(await git('show', `main:environments/${name}/release.yaml`));
    expect([name, release.images]).toEqual([name, wanted]);
    const namespace = `payments-${name}`;
    const { items } = await client.list<Workload>(RESOURCES.deployments, { namespace });
    const images = Object.fromEntries(items.map((item) => [item.metadata.name, imageOf(item)]));
    expect(images).toMatchObject({
      'payments-vault': wanted['vault'],
      'payments-router': wanted['router'],
      'stripe-connector': wanted['connector'],
    });
  }
});

it('rendered what is pinned, and the cluster has what is rendered', async () => {
  for (const name of ENVIRONMENTS) {
    const text = await git(
      'show',
      `main:environments/${name}/rendered/80-paymentvault.payments-${name}.payments.yaml`,
    );
    const { vault, router, connector } = pinsOf('1.1.0');
    expect(parse(text).spec.images).toEqual({ vault, router, connector });
  }
  const said = demo.result.environments.map(({ name, sync, health, payment }) => [
    name,
    sync,
    health,
    payment,
  ]);
  expect(said).toEqual(ENVIRONMENTS.map((name) => [name, 'Synced', 'Healthy', 'captured']));
});

it('let the broken release come to dev, and to nothing else', async () => {
  const saw = async (name: string) =>
    (await git('log', '-p', 'main', '--', `environments/${name}`)).includes(broken);
  expect(await Promise.all(ENVIRONMENTS.map(saw))).toEqual([true, false, false]);
  // A Deployment's ReplicaSets are all that it ever was.
  const { items } = await client.list<Workload>(RESOURCES.replicaSets);
  const namespaces = items
    .filter((item) => imageOf(item) === broken)
    .map(({ metadata }) => metadata.namespace);
  expect(namespaces).toEqual(['payments-dev']);
});

it('was held until it had soaked, held for good where it is broken, and went by pull request', () => {
  const { told } = demo.result;
  for (const step of ['promote dev -> staging', 'promote staging -> prod']) {
    const opened = told.findIndex((one) => one.step === step && one.pullRequest !== undefined);
    const before = told
      .slice(opened - 2, opened)
      .map(({ step: at, detail, held }) => [at, held?.code ?? detail]);
    expect(before).toEqual([
      [`${step} --wait`, 'not_soaked'],
      [`${step} --wait`, 'the demo puts its clock forward by 60 min'],
    ]);
  }
  const held = told.flatMap(({ step, held: by }) => (by === undefined ? [] : [[step, by.code]]));
  expect(held.at(-1)).toEqual(['promote dev -> staging', 'unhealthy']);
  const pulls = demo.result.told.flatMap(({ pullRequest }) => pullRequest ?? []);
  expect(pulls).toEqual([1, 2, 3, 4, 5]);
  const records = pulls.map((number) =>
    JSON.parse(readFileSync(join(demo.result.repository, 'pull-requests', `${number}.json`), 'utf8')),
  );
  expect(records.map(({ state, head }) => [state, head])).toEqual([
    ['merged', 'release/dev'],
    ['merged', 'promote/staging'],
    ['merged', 'promote/prod'],
    ['merged', 'release/dev'],
    ['merged', 'rollback/dev'],
  ]);
});

it('rolled dev back, as its history says', () => {
  const histories = demo.result.environments.map(({ history }) =>
    history.map(({ release, kind, pullRequest }) => [release, kind, pullRequest]),
  );
  expect(histories).toEqual([
    [
      ['1.0.0', 'first', undefined],
      ['1.1.0', 'release', 1],
      ['1.2.0', 'release', 4],
      ['1.1.0', 'rollback', 5],
    ],
    [
      ['1.0.0', 'first', undefined],
      ['1.1.0', 'promotion', 2],
    ],
    [
      ['1.0.0', 'first', undefined],
      ['1.1.0', 'promotion', 3],
    ],
  ]);
});

it('puts right what somebody changes in the cluster', async () => {
  const place = { namespace: 'psp-simulator', name: 'psp-simulator' };
  const labels = { 'app.kubernetes.io/part-of': 'somebody' };
  await client.patch(RESOURCES.services, place, { type: 'merge', body: { metadata: { labels } } });
  await eventually(async () => {
    const { metadata } = await client.get(RESOURCES.services, place);
    expect(metadata.labels?.['app.kubernetes.io/part-of']).toBe('cofferdam');
  });
});

it('leaves nothing at Ctrl-C: no process, no file', async () => {
  const processes = demo.processes();
  expect(processes.length).toBeGreaterThan(10);
  expect(await demo.interrupt()).toBe(0);
  await eventually(async () => expect(processes.filter(({ pid }) => isAlive(pid))).toEqual([]));
  expect(existsSync(dirname(demo.result.repository))).toBe(false);
});
