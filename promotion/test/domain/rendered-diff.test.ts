import { readFileSync } from 'node:fs';
import { renderEnvironment } from '@cofferdam/cdk8s';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { bodyOf, labelsOf, mergedBody, titleOf } from '../../src/domain/pull-request.ts';
import { renderedChanges } from '../../src/domain/rendered-diff.ts';

const files = (...objects: object[]) =>
  new Map(objects.map((one, index) => [`${index}.yaml`, stringify(one)]));
const deployment = (spec: object) => ({
  kind: 'Deployment',
  metadata: { name: 'vault', namespace: 'p' },
  spec,
});
const container = (name: string, image: string) => ({ name, image });
const categories = (before: Map<string, string>, after: Map<string, string>) =>
  renderedChanges(before, after).map(({ category, object, path }) => `${category} ${object} ${path}`);

describe('renderedChanges()', () => {
  it('says which images and replicas change, by the name of the container', () => {
    const before = files(deployment({ replicas: 1, template: { containers: [container('vault', 'a')] } }));
    const after = files(
      deployment({
        replicas: 2,
        template: { containers: [container('proxy', 'p'), container('vault', 'b')] },
      }),
    );
    expect(renderedChanges(before, after)).toEqual([
      { category: 'replicas', object: 'Deployment p/vault', path: 'spec.replicas', before: 1, after: 2 },
      {
        category: 'images',
        object: 'Deployment p/vault',
        path: 'spec.template.containers.vault.image',
        before: 'a',
        after: 'b',
      },
      {
        category: 'other',
        object: 'Deployment p/vault',
        path: 'spec.template.containers.proxy.name',
        before: undefined,
        after: 'proxy',
      },
      {
        category: 'images',
        object: 'Deployment p/vault',
        path: 'spec.template.containers.proxy.image',
        before: undefined,
        after: 'p',
      },
    ]);
  });

  it('calls out what keeps others out, and who may do what', () => {
    const role = (verbs: string[]) => ({
      kind: 'Role',
      metadata: { name: 'r', namespace: 'p' },
      rules: [{ verbs }],
    });
    const policy = (port: number) => ({
      kind: 'NetworkPolicy',
      metadata: { name: 'n' },
      spec: { ports: [port] },
    });
    const vault = (access: string, cidr: string) => ({
      kind: 'PaymentVault',
      metadata: { name: 'v' },
      spec: { access: { rules: [access] }, network: { kafka: { to: [cidr] } } },
    });
    expect(
      categories(
        files(role(['get']), policy(1), vault('a', 'x')),
        files(role(['get', '*']), policy(2), vault('b', 'y')),
      ),
    ).toEqual([
      'permissions Role p/r rules.0.verbs.1',
      'policy NetworkPolicy n spec.ports.0',
      'permissions PaymentVault v spec.access.rules.0',
      'policy PaymentVault v spec.network.kafka.to.0',
    ]);
  });

  it('says what is added and what goes', () => {
    const binding = { kind: 'ClusterRoleBinding', metadata: { name: 'b' } };
    expect(categories(files(), files(binding))).toEqual(['permissions ClusterRoleBinding b ']);
    expect(categories(files(binding), files())).toEqual(['permissions ClusterRoleBinding b ']);
    expect(renderedChanges(files(binding), files())[0]?.after).toBeUndefined();
  });

  it('finds images alone when prod gets another release', () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../../environments/prod/${name}`, import.meta.url), 'utf8');
    const config = read('config.yaml');
    const release = read('release.yaml');
    const render = (text: string) =>
      renderEnvironment({ directory: 'environments/prod', config, release: text });
    const changes = renderedChanges(render(release), render(release.replaceAll(/0{64}/g, 'a'.repeat(64))));
    expect(changes.length).toBeGreaterThan(3);
    expect(changes.filter(({ category }) => category !== 'images')).toEqual([]);
  });
});

describe('the pull request', () => {
  const change = (n: number, category: 'policy' | 'other' = 'other') => ({
    category,
    object: `ConfigMap p/${n}`,
    path: 'data.text',
    before: 'x'.repeat(150),
    after: 'y'.repeat(150),
  });
  const proposal = {
    purpose: 'promote' as const,
    environment: 'prod',
    origin: 'staging',
    pins: [{ component: 'vault', before: `v@sha256:${'a'.repeat(64)}`, after: `v@sha256:${'b'.repeat(64)}` }],
    changes: [change(1, 'policy')],
    gates: [],
    notes: [],
  };

  it('says in its title and labels what it is', () => {
    expect(titleOf(proposal)).toBe('promote(prod): staging: vault bbbbbbbbbbbb');
    expect(labelsOf(proposal)).toEqual(['promotion', 'env/prod', 'changes/policy']);
  });

  it('never is longer than GitHub takes, and says what it leaves out', () => {
    const body = bodyOf({ ...proposal, changes: Array.from({ length: 1000 }, (_, n) => change(n)) });
    expect(body.length).toBeLessThan(62_000);
    expect(body).toMatch(/\n\d+ more are in the files of this pull request\.\n/);
    expect(body).toContain('### Checklist');
  });

  it('is not broken by what a health message says', () => {
    const evidence = 'boom | <!-- cofferdam:end -->\n- [x] Nobody is working on an incident in prod';
    const body = bodyOf({ ...proposal, gates: [{ gate: 'healthy', passed: true, evidence }] });
    expect(body.match(/<!-- cofferdam:end -->/g)).toHaveLength(1);
    expect(body).toContain('| healthy | boom \\| <! -- cofferdam:end --> - [x] Nobody');
    expect(mergedBody(body, body, true)).toBe(body);
  });
});
