import { describe, expect, it } from 'vitest';
import { statusReport } from '../../src/status/report.ts';
import { statusScreen } from '../../src/status/screen.ts';
import { connector, deployment, FINE, NOW, vault } from '../support/resources.ts';

const plain = (text: string) => text;
const screen = (report: ReturnType<typeof statusReport>) =>
  statusScreen(report, { paint: plain, now: NOW, allNamespaces: false });

describe('statusReport()', () => {
  it('puts connectors under their vault, and is ready when everything is', () => {
    const [payments, stripe] = [vault(), connector()];
    const report = statusReport({
      vaults: [payments],
      connectors: [stripe],
      deployments: [deployment('vault', payments), deployment('connector', stripe)],
    });
    expect(report.ready).toBe(true);
    expect(report.unbound).toEqual([]);
    expect(report.vaults[0]).toMatchObject({
      key: { arn: 'arn:aws:kms:eu-central-1:000000000000:key/1', origin: 'Created' },
      topics: ['acme-dev.vault.events'],
      components: [
        { role: 'vault', ready: 1, wanted: 1 },
        { role: 'router', ready: 0, wanted: 0 },
      ],
      connectors: [{ name: 'stripe', accounts: [{ name: 'acme', reachable: 'Reachable' }] }],
    });
  });

  it('does not take what was said of an older generation for an answer', () => {
    const changed = vault();
    changed.metadata.generation = 2;
    const report = statusReport({ vaults: [changed], connectors: [], deployments: [] });
    expect(report.ready).toBe(false);
    expect(report.vaults[0]).toMatchObject({ ready: 'Unknown', reason: 'NotObserved' });
  });

  it('keeps a connector apart whose vault is not there, and one of another namespace', () => {
    const stray = connector(FINE, 'stray');
    stray.metadata.namespace = 'elsewhere';
    const report = statusReport({ vaults: [vault()], connectors: [stray], deployments: [] });
    expect(report.vaults[0]?.connectors).toEqual([]);
    expect(report.unbound.map(({ name }) => name)).toEqual(['stray']);
  });

  it('is not ready when a connector is not', () => {
    const broken = connector({ Ready: 'False CredentialsMissing account acme: create it' });
    expect(statusReport({ vaults: [vault()], connectors: [broken], deployments: [] }).ready).toBe(false);
  });
});

describe('statusScreen()', () => {
  it('shows a row a resource, and what to do about the one that is not ready', () => {
    const [payments, stripe] = [vault(), connector({ Ready: 'False PspUnreachable no answer' })];
    const deployments = [deployment('vault', payments), deployment('connector', stripe, 0)];
    expect(screen(statusReport({ vaults: [payments], connectors: [stripe], deployments }))).toBe(
      [
        'PAYMENTVAULT   READY   AVAILABLE   REASON      VAULT   ROUTER   TOPICS   AGE   KEY',
        'payments       True    True        Succeeded   1/1     0/0      1        5m    arn:aws:kms:eu-central-1:000000000000:key/1 (Created)',
        '',
        'PSPCONNECTOR   READY   AVAILABLE   REASON           VAULT      PROVIDER   PODS   AGE   ACCOUNTS',
        'stripe         False   Unknown     PspUnreachable   payments   stripe     0/1    5m    acme (Present, Reachable)',
        '',
        'pspconnector/stripe: no answer',
        '  cofferdam why pspconnector/stripe -n payments-dev',
        '',
      ].join('\n'),
    );
  });
});
