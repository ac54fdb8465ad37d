import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/demo/manifests.ts';
import { objectName, toPrune, wavesOf } from '../../src/syncer/waves.ts';

const manifest = (kind: string, name: string, wave?: number, options?: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'payments',
    annotations: {
      ...(wave === undefined ? {} : { 'argocd.argoproj.io/sync-wave': String(wave) }),
      ...(options === undefined ? {} : { 'argocd.argoproj.io/sync-options': options }),
    },
  },
});

describe('wavesOf()', () => {
  it('begins with the lowest wave, takes 0 where none is named, and orders kinds inside a wave', () => {
    const waves = wavesOf([
      manifest('PSPConnector', 'stripe', 2),
      manifest('Deployment', 'operator'),
      manifest('Role', 'r', -2),
      manifest('ServiceAccount', 's', -2),
      manifest('Namespace', 'payments', -3),
    ]);
    expect(waves.map((wave) => wave.map(({ kind }) => kind))).toEqual([
      ['Namespace'],
      ['ServiceAccount', 'Role'],
      ['Deployment'],
      ['PSPConnector'],
    ]);
  });
});

describe('toPrune()', () => {
  it('takes what is gone from Git in the reverse order of the waves, and never what is protected', () => {
    const kept = manifest('Service', 'kept', -2);
    const applied = [
      kept,
      manifest('ConfigMap', 'gone', -2),
      manifest('PaymentVault', 'payments', 1, 'Prune=false,Delete=confirm'),
      manifest('Namespace', 'payments', -3, 'Delete=false, Prune=false'),
      manifest('PSPConnector', 'adyen', 2),
    ];
    expect(toPrune(applied, [kept]).map(objectName)).toEqual([
      'PSPConnector payments/adyen',
      'ConfigMap payments/gone',
    ]);
  });
});
