import type { PaymentVaultSpec } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { KubeError, type KubeObject } from '../../src/engine/index.ts';
import { isManagedAccount } from '../../src/reconcile/managed-account.ts';
import { observeCertificates } from '../../src/reconcile/observe-certificates.ts';
import { statuszOf } from '../../src/reconcile/statusz-of.ts';
import { certificatesReady } from '../../src/status/certificates.ts';
import { facts, paymentVault } from '../fixtures.ts';

/** Objects of one namespace, by plural and name. */
function world(objects: Record<string, object>) {
  const asked: (string | undefined)[] = [];
  const client = {
    get: async (resource: { plural: string }, { name }: { name: string }) => {
      const found = objects[`${resource.plural}/${name}`];
      if (found === undefined) throw new KubeError('not_found', `${name} is not there`);
      return found;
    },
  } as unknown as Parameters<typeof statuszOf>[0]['client'];
  return {
    client,
    facts: () => ({ ...facts, apis: new Set(['cert-manager.io/Certificate']) }),
    statusz: {
      read: async (_url: string, authorities?: string) => {
        asked.push(authorities);
        return undefined;
      },
      close: async () => {},
    },
    asked,
  };
}

const withTls = (tls: PaymentVaultSpec['tls']) => paymentVault(tls === undefined ? {} : { tls });
const issuerRef = { name: 'internal' };

test('the services of a vault are verified by whoever issues their certificates', async () => {
  const seen = world({ 'configmaps/internal-ca': { data: { 'ca.crt': 'PEM', 'root.pem': 'ROOT' } } });
  for (const tls of [
    undefined,
    { issuerRef },
    { issuerRef, caRef: { name: 'internal-ca' } },
    { issuerRef, caRef: { name: 'internal-ca', key: 'root.pem' } },
  ]) {
    await statuszOf(seen, withTls(tls), 'payments-vault');
  }
  expect(seen.asked).toEqual([facts.caBundle, undefined, 'PEM', 'ROOT']);
});

test('where the authorities are missing nobody is asked: least of all with the public ones instead', async () => {
  const seen = world({ 'configmaps/empty': { data: {} } });
  for (const name of ['absent', 'empty']) {
    await statuszOf(seen, withTls({ issuerRef, caRef: { name } }), 'payments-vault');
  }
  expect(seen.asked).toEqual([]);
});

test('CertificatesReady tells of the first certificate that is not issued, in the words of cert-manager', async () => {
  const condition = (status: string, message: string) => ({
    status: { conditions: [{ type: 'Ready', status, message }] },
  });
  const seen = world({
    'certificates/payments-vault': condition('True', 'up to date'),
    'certificates/payments-router': condition('False', 'Issuer internal not found'),
    'certificates/new': {},
  });
  const of = async (...names: string[]) =>
    certificatesReady(await observeCertificates(seen, withTls({ issuerRef }), names));
  expect(await of('payments-vault')).toMatchObject({ status: 'True' });
  expect(await of('payments-vault', 'payments-router')).toEqual({
    status: 'False',
    reason: 'CertificateNotIssued',
    message: 'Certificate payments-router is not issued, and cert-manager says: Issuer internal not found',
  });
  expect(await of('new')).toMatchObject({ status: 'False' });
  expect(await of('gone')).toMatchObject({ status: 'False', reason: 'CertificateNotIssued' });
  expect(await observeCertificates(seen, withTls(undefined), ['gone'])).toBeUndefined();
});

test('only the child of a resource that exists is certified, whatever labels somebody writes', () => {
  const owner = (changes: object = {}) => ({
    apiVersion: 'payments.cofferdam.dev/v1alpha1',
    kind: 'PaymentVault',
    name: 'payments',
    uid: 'vault-uid',
    controller: true,
    ...changes,
  });
  const isOurs = (
    ownerReferences: object[] | undefined,
    { name = 'payments-vault', uid = 'uid' }: { name?: string; uid?: string } = {},
  ) => {
    const found = { metadata: { name, namespace: 'payments-dev', uid: 'uid', ownerReferences } };
    const store = (objects: unknown[]) => ({
      store: {
        get: (namespace: string | undefined, wanted: string) =>
          (objects as KubeObject[]).find(
            ({ metadata }) => metadata.namespace === namespace && metadata.name === wanted,
          ),
      },
    });
    const caches = { of: () => store([found]), vaults: store([paymentVault()]), connectors: store([]) };
    return isManagedAccount(caches as unknown as Parameters<typeof isManagedAccount>[0], {
      namespace: 'payments-dev',
      name,
      uid,
    });
  };
  expect(isOurs([owner()])).toBe(true);
  expect(isOurs([owner()], { name: 'payments-router' })).toBe(true);
  expect(isOurs([owner()], { uid: 'another' })).toBe(false);
  expect(isOurs(undefined)).toBe(false);
  expect(isOurs([owner({ uid: 'an older vault' })])).toBe(false);
  expect(isOurs([owner({ controller: false })])).toBe(false);
  expect(isOurs([owner({ apiVersion: 'apps/v1', kind: 'Deployment' })])).toBe(false);
  // Owners can be written as labels can. The last two would be another's names as a whole.
  for (const name of [
    'payments',
    'payments-connector',
    'other-vault',
    'acme-vault.acme-prod.svc',
    'cofferdam-operator.cofferdam-system.svc',
  ])
    expect([name, isOurs([owner()], { name })]).toEqual([name, false]);
});
