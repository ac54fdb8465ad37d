import { PaymentVault } from '@cofferdam/crds';
import { describe, expect, test } from 'vitest';
import { forArgoCd } from '../../src/argocd/annotations.ts';
import { waveOf } from '../../src/kind-order.ts';
import type { Manifest } from '../../src/manifest-files.ts';
import { environments } from './repository.ts';

const all = [...environments.values()].flat();
const annotation = ({ metadata }: Manifest, name: string) =>
  metadata.annotations?.[`argocd.argoproj.io/${name}`];
const wave = (manifest: Manifest) => Number(annotation(manifest, 'sync-wave'));
const nameOf = ({ kind, metadata }: Manifest) =>
  [kind, metadata.namespace, metadata.name].filter(Boolean).join(' ');

/** Argo CD's own reading of the annotation: options by comma, the last of a name decides. */
function optionsOf(manifest: Manifest): Record<string, string> {
  const text = annotation(manifest, 'sync-options') ?? '';
  return Object.fromEntries(
    text
      .split(',')
      .filter(Boolean)
      .map((option) => option.trim().split('=')),
  );
}

/**
 * With what cards could be lost, in every environment. A PaymentVault: its grant goes, and with `deletionPolicy: Delete`
 * its key. A CustomResourceDefinition: every PaymentVault. A Namespace: every PaymentVault in it, Secrets and KafkaTopics.
 */
const CARRIES_DATA = new Set(['PaymentVault', 'CustomResourceDefinition', 'Namespace']);

/** Whose deletion costs a restart, a new roll-out or a look into the store, and no card. A new kind has to be put here or there. */
const CARRIES_NONE = new Set([
  ...['ServiceAccount', 'ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding', 'NetworkPolicy'],
  ...['ConfigMap', 'Service', 'PodDisruptionBudget', 'Deployment', 'ServiceMonitor', 'PrometheusRule'],
  // Its Secret stays (creationPolicy: Orphan).
  ...['ResourceQuota', 'LimitRange', 'ExternalSecret', 'Gateway'],
  // Credentials of a PSP; what it charged stands in the router's database.
  'PSPConnector',
]);

describe('what could lose cards', () => {
  test('is every kind that is rendered, or known not to be', () => {
    const unknown = all.filter(({ kind }) => !CARRIES_DATA.has(kind) && !CARRIES_NONE.has(kind));
    expect(unknown.map(nameOf)).toEqual([]);
    expect([...CARRIES_DATA].filter((kind) => CARRIES_NONE.has(kind))).toEqual([]);
  });

  test('is pruned by no change in Git, in no environment', () => {
    const carriers = all.filter(({ kind }) => CARRIES_DATA.has(kind));
    // Per environment: one vault, two definitions, and the namespaces.
    expect(carriers.length).toBe(3 * (1 + 2) + 8);
    expect(carriers.filter((manifest) => optionsOf(manifest)['Prune'] !== 'false').map(nameOf)).toEqual([]);
  });

  test('goes with its Application only after a person has agreed, and with a definition or namespace never', () => {
    for (const manifest of all.filter(({ kind }) => CARRIES_DATA.has(kind))) {
      const wanted = manifest.kind === 'PaymentVault' ? 'confirm' : 'false';
      expect(optionsOf(manifest)['Delete'], nameOf(manifest)).toBe(wanted);
    }
  });

  // Left out, it would hold up nothing: the operator would go, and nobody renew the certificates of what is left.
  test('is asked for where the key goes with the vault too, and leaves no vault without its operator', () => {
    const destroying = (environments.get('staging') ?? []).map((manifest) => {
      if (manifest.kind !== 'PaymentVault') return manifest;
      const spec = { ...PaymentVault.parse(manifest).spec, deletionPolicy: 'Delete' };
      return forArgoCd({ ...manifest, spec });
    });
    const { confirmed, deleted, left } = cascade(destroying);
    expect(confirmed).toEqual(['PaymentVault']);
    expect(left).not.toContain('PaymentVault');
    const flat = deleted.map((kinds: string[]) => kinds.join());
    expect(flat.findIndex((kinds) => kinds.includes('PaymentVault'))).toBeLessThan(
      flat.findIndex((kinds) => kinds.includes('Deployment')),
    );
  });

  test('is replaced by no sync: Argo CD would delete it and make it again', () => {
    const forbidden = all.filter((manifest) =>
      /Replace|Force/.test(annotation(manifest, 'sync-options') ?? ''),
    );
    expect(forbidden.map(nameOf)).toEqual([]);
  });
});

describe('the order', () => {
  const wavesOf = (...kinds: string[]) => {
    const found = all.filter(({ kind }) => kinds.includes(kind)).map(wave);
    expect(found.length, kinds.join()).toBeGreaterThan(0);
    return { first: Math.min(...found), last: Math.max(...found) };
  };

  test('is definitions, operator, vault, connectors, each in a wave of its own', () => {
    const [definitions, operator, vault, connectors] = [
      wavesOf('CustomResourceDefinition', 'Namespace'),
      wavesOf('Deployment'),
      wavesOf('PaymentVault'),
      wavesOf('PSPConnector', 'Gateway'),
    ];
    expect(definitions.last).toBeLessThan(operator.first);
    expect(operator.last).toBeLessThan(vault.first);
    expect(vault.last).toBeLessThan(connectors.first);
  });

  // Argo CD deletes the highest wave first, and waits until it is gone: with its finalizers, which the operator takes off.
  test('leaves the operator, its rights, its identity and its way to the API until vaults and connectors are gone', () => {
    const custom = wavesOf('PaymentVault', 'PSPConnector').first;
    const ofOperator = all.filter(
      ({ kind, metadata }) =>
        metadata.name.startsWith('cofferdam-operator') &&
        !['ServiceMonitor', 'PrometheusRule'].includes(kind),
    );
    expect(new Set(ofOperator.map(({ kind }) => kind)).size).toBeGreaterThan(7);
    expect(ofOperator.filter((manifest) => wave(manifest) >= custom).map(nameOf)).toEqual([]);
    const rights = [
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
      'ServiceAccount',
      'NetworkPolicy',
    ];
    expect(wavesOf(...rights).last).toBeLessThan(wavesOf('Deployment').first);
  });

  test('is, for an Application that is deleted with all that belongs to it, the reverse', () => {
    expect(cascade(environments.get('staging') ?? [])).toEqual({
      confirmed: ['PaymentVault'],
      deleted: [
        ['Gateway', 'PSPConnector'],
        ['PaymentVault'],
        ['Deployment', 'PodDisruptionBudget', 'PrometheusRule', 'ServiceMonitor'],
        ['ExternalSecret'],
        expect.arrayContaining(['ClusterRole', 'ClusterRoleBinding', 'NetworkPolicy', 'ServiceAccount']),
      ],
      left: ['CustomResourceDefinition', 'Namespace'],
    });
  });

  test('has Secrets and quotas before the pods that need them', () => {
    expect(wavesOf('ExternalSecret').last).toBeLessThan(wavesOf('Deployment').first);
    expect(wavesOf('ResourceQuota', 'LimitRange').last).toBeLessThan(wavesOf('Deployment').first);
  });

  test('is not guessed for a kind that nobody thought about, and keeps annotations that were there', () => {
    expect(() => waveOf('CronJob')).toThrow('CronJob has no wave');
    const gateway: Manifest = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'payments', annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } },
    };
    expect(forArgoCd(gateway).metadata.annotations).toEqual({
      'cert-manager.io/cluster-issuer': 'letsencrypt',
      'argocd.argoproj.io/sync-wave': '2',
    });
  });
});

/** What Argo CD 3.6 does of it (`finalizeApplicationDeletion`): the highest wave that is left, and so on; no definition. */
function cascade(manifests: readonly Manifest[]) {
  const kindsOf = (some: readonly Manifest[]) => [...new Set(some.map(({ kind }) => kind))].sort();
  const option = (manifest: Manifest) => optionsOf(manifest)['Delete'];
  const goes = manifests.filter(
    (manifest) => manifest.kind !== 'CustomResourceDefinition' && option(manifest) !== 'false',
  );
  const waves = [...new Set(goes.map(wave))].sort((a, b) => b - a);
  return {
    confirmed: kindsOf(manifests.filter((manifest) => option(manifest) === 'confirm')),
    deleted: waves.map((one) => kindsOf(goes.filter((manifest) => wave(manifest) === one))),
    left: kindsOf(manifests.filter((manifest) => !goes.includes(manifest))),
  };
}
