import { beforeEach, describe, expect, it } from 'vitest';
import { drift, environmentNames } from '../src/index.ts';
import { environmentFiles, type Scenario, scenario } from './support/scenario.ts';

let s: Scenario;
beforeEach(async () => {
  s = await scenario();
});
const of = async (name = 'staging') => (await drift(s.ports, [name]))[0]?.drifts;
const change = (state: object) => {
  const now = s.syncer.states.get('staging');
  if (now !== undefined) s.syncer.states.set('staging', { ...now, ...state });
};

describe('drift', () => {
  it('finds none where inputs, files and cluster say the same', async () => {
    expect(await of()).toEqual([]);
    expect(await environmentNames(s.world)).toEqual(['dev', 'prod', 'staging']);
  });

  it('names files that are not what their inputs give', async () => {
    const file = 'environments/staging/rendered/70-deployment.yaml';
    s.world.push({
      [file]: 'kind: Deployment\n',
      'environments/staging/rendered/99-old.yaml': 'kind: Job\n',
    });
    const { health: _, ...offline } = s.ports;
    expect((await drift(offline, ['staging']))[0]?.drifts).toEqual([
      { between: 'rendered', source: 'git', what: file, detail: 'differs from its inputs' },
      {
        between: 'rendered',
        source: 'git',
        what: 'environments/staging/rendered/99-old.yaml',
        detail: 'is no longer rendered',
      },
    ]);
  });

  it('names objects of the cluster that differ from Git', async () => {
    change({ sync: 'OutOfSync', outOfSync: ['Deployment payments/payments-vault'] });
    expect(await of()).toEqual([
      {
        between: 'live',
        source: 'argocd',
        what: 'Deployment payments/payments-vault',
        detail: 'differs from Git',
      },
    ]);
  });

  it('says that a cluster runs another commit, or that nobody knows', async () => {
    s.world.push(environmentFiles('staging', 3, 2));
    expect(await of()).toMatchObject([{ between: 'live', what: 'Application' }]);
    expect(await of('dev')).toEqual([
      { between: 'live', source: 'argocd', what: 'Application', detail: 'nothing is known of it' },
    ]);
  });

  it('does not ask Argo CD about an environment that it is not told of', async () => {
    const argoCd = [
      'namespace: argocd',
      'url: https://argocd.acme.example',
      'repository: https://github.com/acme/payments.git',
      'revision: main',
      'clusters: { staging: acme-staging, prod: acme-prod }',
    ];
    s.world.push({ 'install/argocd/config.yaml': `${argoCd.join('\n')}\n` });
    expect(await drift(s.ports, ['dev'])).toMatchObject([{ drifts: [] }]);
    expect((await drift(s.ports, ['dev']))[0]).not.toHaveProperty('live');
    expect(await of('prod')).toMatchObject([{ what: 'Application', detail: 'nothing is known of it' }]);
    s.world.push({ 'install/argocd/config.yaml': 'clusters: {}\n' });
    await expect(of('dev')).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('has the word of the cluster itself, beside that of Argo CD or without it', async () => {
    const asked: string[][] = [];
    const cluster = {
      async differences(rendered: ReadonlyMap<string, string>) {
        asked.push([...rendered.keys()]);
        return [{ object: 'PaymentVault payments/payments', detail: 'is not there' }];
      },
    };
    const said = {
      between: 'live',
      source: 'cluster',
      what: 'PaymentVault payments/payments',
      detail: 'is not there',
    };
    change({ sync: 'OutOfSync' });
    expect((await drift({ ...s.ports, cluster }, ['staging']))[0]?.drifts).toEqual([
      said,
      { between: 'live', source: 'argocd', what: 'Application', detail: 'is OutOfSync' },
    ]);
    const { health: _, ...offline } = s.ports;
    expect((await drift({ ...offline, cluster }, ['staging']))[0]?.drifts).toEqual([said]);
    expect(asked[0]).toEqual(['environments/staging/rendered/70-deployment.yaml']);
  });
});
