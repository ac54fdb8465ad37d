import { customResourceDefinitions } from '@cofferdam/crds';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { defaulted } from '../../src/argocd/ignored-differences.ts';
import { ConfigError } from '../../src/index.ts';
import { argoCdConfig, argoCdObjects, environments } from './repository.ts';

const Data = z.object({ data: z.record(z.string(), z.string()) });
const GroupKind = z.object({ group: z.string(), kind: z.string() });
const Project = z.object({
  spec: z.object({
    sourceRepos: z.array(z.string()),
    destinations: z.array(z.object({ name: z.string(), namespace: z.string() })),
    clusterResourceWhitelist: z.array(GroupKind.extend({ name: z.string() })),
    namespaceResourceWhitelist: z.array(GroupKind),
    roles: z.array(z.object({ policies: z.array(z.string()) })),
  }),
});
const ApplicationSet = z.object({
  spec: z.object({
    generators: z.array(z.object({ git: z.looseObject({ directories: z.array(z.unknown()) }) })),
    syncPolicy: z.unknown(),
    template: z.object({
      metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        source: z.unknown(),
        destination: z.object({ name: z.string(), namespace: z.string() }),
        syncPolicy: z.looseObject({
          automated: z.unknown(),
          syncOptions: z.array(z.string()),
          retry: z.looseObject({ limit: z.int(), refresh: z.boolean() }),
        }),
      }),
    }),
  }),
});
const objects = argoCdObjects();
const project = Project.parse(objects.get('AppProject cofferdam')).spec;
const set = ApplicationSet.parse(objects.get('ApplicationSet cofferdam')).spec;
const notifications = Data.parse(objects.get('ConfigMap argocd-notifications-cm')).data;

describe('the project', () => {
  const managed = ['staging', 'prod'].flatMap((name) => environments.get(name) ?? []);
  const asked = managed.map(({ apiVersion, kind, metadata }) => ({
    group: apiVersion.includes('/') ? apiVersion.split('/')[0] : '',
    kind,
    list:
      metadata.namespace === undefined
        ? project.clusterResourceWhitelist.filter(({ name }) => name === metadata.name)
        : project.namespaceResourceWhitelist,
  }));

  test('allows every object that is rendered, where it is rendered', () => {
    const refused = asked.filter(
      ({ group, kind, list }) => !list.some((allowed) => allowed.group === group && allowed.kind === kind),
    );
    expect(refused).toEqual([]);
    const namespaces = (name: string) =>
      (environments.get(name) ?? []).flatMap((one) => one.metadata.namespace ?? []);
    for (const [name, cluster] of [
      ['staging', 'acme-staging'],
      ['prod', 'acme-prod'],
    ] as const) {
      const allowed = project.destinations
        .filter((one) => one.name === cluster)
        .map(({ namespace }) => namespace);
      expect(allowed.sort()).toEqual([...new Set(namespaces(name))].sort());
    }
  });

  test('allows no Secret, no wildcard and no other repository', () => {
    expect(project.sourceRepos).toEqual(['https://github.com/cofferdam/cofferdam.git']);
    const kinds = [...project.clusterResourceWhitelist, ...project.namespaceResourceWhitelist];
    expect(kinds.filter(({ group, kind }) => kind === 'Secret' || `${group}${kind}`.includes('*'))).toEqual(
      [],
    );
    expect(project.clusterResourceWhitelist.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'ClusterRole cofferdam-operator',
      'ClusterRoleBinding cofferdam-operator',
      'CustomResourceDefinition paymentvaults.payments.cofferdam.dev',
      'CustomResourceDefinition pspconnectors.payments.cofferdam.dev',
      ...['cofferdam-system', 'payments-prod', 'payments-staging', 'psp-simulator'].map(
        (name) => `Namespace ${name}`,
      ),
    ]);
    expect(JSON.stringify(project.destinations)).not.toContain('*');
    expect(project.roles.flatMap(({ policies }) => policies)).toEqual([
      'p, proj:cofferdam:promotion, applications, get, cofferdam/*, allow',
    ]);
  });
});

describe('the ApplicationSet', () => {
  test('makes an Application of each environment whose cluster is named, and leaves the others alone', () => {
    expect(set.generators.flatMap(({ git }) => git.directories)).toEqual([
      { path: 'environments/*' },
      { path: 'environments/dev', exclude: true },
    ]);
    expect(set.template.metadata.name).toBe('cofferdam-{{.path.basename}}');
    expect(set.template.spec.source).toMatchObject({
      path: '{{.path.path}}/rendered',
      targetRevision: 'main',
    });
  });

  test('sends each to its own cluster and namespace', () => {
    const { name, namespace } = set.template.spec.destination;
    expect(name).toBe('{{get (dict "prod" "acme-prod" "staging" "acme-staging") .path.basename}}');
    expect(namespace).toBe(
      '{{get (dict "prod" "payments-prod" "staging" "payments-staging") .path.basename}}',
    );
  });

  test('deletes no Application whose directory is gone, and nothing that an Application has made', () => {
    expect(set.syncPolicy).toEqual({ applicationsSync: 'create-update', preserveResourcesOnDeletion: true });
  });

  test('applies on the server, makes no namespace without labels, and never replaces or empties', () => {
    const { syncOptions, automated } = set.template.spec.syncPolicy;
    expect(syncOptions).toContain('ServerSideApply=true');
    expect(syncOptions).toContain('CreateNamespace=false');
    // With PruneLast all that goes would go at once, the operator with its resources.
    expect(syncOptions.filter((option) => /Replace|Force|PruneLast/.test(option))).toEqual([]);
    expect(automated).toEqual({ prune: true, selfHeal: true, allowEmpty: false });
    expect(set.template.metadata.annotations['argocd.argoproj.io/compare-options']).toBe(
      'ServerSideDiff=true',
    );
  });
});

describe('a release that does not start', () => {
  test('gives way to the commit that undoes it: the next retry takes what Git says by then', () => {
    expect(set.template.spec.syncPolicy.retry).toMatchObject({ limit: 5, refresh: true });
  });

  test('is given up within minutes where it is the operator, or what is in its wave', () => {
    const deployments = [...environments.values()].flat().filter(({ kind }) => kind === 'Deployment');
    const names = new Set(deployments.map(({ metadata }) => metadata.name));
    expect([...names].sort()).toEqual(['cofferdam-operator', 'psp-simulator']);
    for (const { spec } of deployments) expect(spec).toMatchObject({ progressDeadlineSeconds: 120 });
  });
});

describe('differences that are ignored', () => {
  test('are the status alone: no schema of ours fills anything in', () => {
    const { data } = Data.parse(objects.get('ConfigMap argocd-cm'));
    const ignored = Object.entries(data).filter(([key]) => key.includes('.ignoreDifferences.'));
    expect(ignored.map(([key, text]) => [key.split('_')[1], parse(text)])).toEqual([
      ['PSPConnector', { jsonPointers: ['/status'] }],
      ['PaymentVault', { jsonPointers: ['/status'] }],
    ]);
    const text = JSON.stringify(customResourceDefinitions());
    expect(text.match(/"default":/g)).toBeNull();
  });

  test('would be told of a default', () => {
    const schema = {
      properties: {
        spec: { properties: { 'a/b': { type: 'string', default: 'x' }, c: { type: 'string' } } },
      },
    };
    expect(defaulted(schema, '')).toEqual(['/spec/a~1b']);
  });
});

describe('the state of an environment', () => {
  test('goes to GitHub as one commit status with three states, from three triggers that an Application subscribes to', () => {
    const subscribed = Object.keys(set.template.metadata.annotations)
      .filter((name) => name.startsWith('notifications.argoproj.io/subscribe.'))
      .map((name) => name.split('.').slice(3));
    expect(subscribed.map(([trigger, service]) => [trigger, service])).toEqual([
      ['cofferdam-proven', 'github'],
      ['cofferdam-broken', 'github'],
      ['cofferdam-waiting', 'github'],
    ]);
    const states = subscribed.map(([trigger = '']) => {
      const condition = z.looseObject({ send: z.array(z.string()) });
      const [{ send }] = z
        .tuple([condition, condition])
        .parse(parse(notifications[`trigger.${trigger}`] ?? ''));
      const { github } = parse(notifications[`template.${send[0]}`] ?? '');
      return [github.status.label, github.status.state, github.revisionPath];
    });
    expect(states).toEqual(
      ['success', 'failure', 'pending'].map((state) => [
        'argocd/{{.app.metadata.name}}',
        state,
        '{{.app.status.sync.revision}}',
      ]),
    );
    expect(parse(notifications['service.github'] ?? '')).toEqual({
      appID: 123456,
      installationID: 12345678,
      privateKey: '$github-privateKey',
    });
  });

  test('is pending when it is healthy and not what Git says, and is said again when that is over', () => {
    const conditions = (trigger: string) => {
      const condition = z.object({ when: z.string(), oncePer: z.string().optional() });
      return z.array(condition).parse(parse(notifications[`trigger.${trigger}`] ?? ''));
    };
    const [waiting] = conditions('cofferdam-waiting');
    expect(waiting?.when).toContain("or app.status.sync.status != 'Synced'");
    expect(waiting?.oncePer).toContain('app.status.sync.status');
    // A condition with oncePer is not forgotten when it ends; one without is.
    expect(conditions('cofferdam-proven')[1]).toEqual({ when: expect.stringContaining("== 'Synced'") });
  });

  test('goes nowhere without a GitHub App', () => {
    const without = argoCdObjects(argoCdConfig.replace(/^github:\n(?: .*\n)+/m, ''));
    expect([...without.keys()]).not.toContain('ConfigMap argocd-notifications-cm');
    expect(JSON.stringify(without.get('ApplicationSet cofferdam'))).not.toContain(
      'notifications.argoproj.io',
    );
  });
});

test('an environment that does not exist is told at its place', () => {
  const line = argoCdConfig.split('\n').findIndex((text) => text.includes('staging: acme')) + 1;
  const wrong = () => argoCdObjects(argoCdConfig.replace('staging: acme', 'stagign: acme'));
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(
    `install/argocd/config.yaml:${line}:3 clusters.stagign: there is no environments/stagign: there are dev, prod, staging`,
  );
});
