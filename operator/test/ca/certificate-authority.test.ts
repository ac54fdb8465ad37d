import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { bundleOf } from '../../src/ca/authority-set.ts';
import { createCertificateAuthority } from '../../src/ca/certificate-authority.ts';
import type { RotationTimes } from '../../src/ca/rotation.ts';
import { foreignNames } from '../../src/ca/service-names.ts';
import { serviceNames } from '../../src/desired/names.ts';
import { createManualClock } from '../engine/manual-clock.ts';
import { memoryStore } from './memory-store.ts';

const times: RotationTimes = {
  leafMs: 3_600_000,
  publishMs: 60_000,
  staleMs: 60_000,
  authorityMs: 36_000_000,
};
const names = serviceNames({ namespace: 'payments-dev', name: 'payments-vault' });

test('a ServiceAccount may have the names of its own Service in its own namespace, and no others', () => {
  expect(names).toEqual([
    'payments-vault.payments-dev.svc',
    'payments-vault.payments-dev.svc.cluster.local',
    'payments-vault.payments-dev',
    'payments-vault',
  ]);
  const caller = { namespace: 'payments-dev', name: 'payments-vault' };
  const foreign = [
    '*.payments-dev.svc',
    'payments-vault.other.svc',
    'payments-router.payments-dev.svc',
    'PAYMENTS-VAULT',
    'payments-vault.payments-dev.svc.',
    'localhost',
    '',
  ];
  expect(foreignNames(caller, [...names, ...foreign])).toEqual(foreign);
});

test('what one replica made, another signs with; a verifier with the bundle believes it', async () => {
  const store = memoryStore();
  const clock = createManualClock();
  const [leader, replica] = [1, 2].map(() => createCertificateAuthority({ store, times, clock }));
  if (leader === undefined || replica === undefined) throw new Error('two are wanted');
  await expect(replica.issueOwn(names)).rejects.toMatchObject({ code: 'authority_unavailable' });
  await leader.keep();
  await replica.refresh();
  expect(replica.bundle()).toBe(leader.bundle());
  const leaf = new X509Certificate((await replica.issueOwn(names)).certificate);
  const authority = new X509Certificate(leader.bundle());
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkIssued(authority)).toBe(true);
  expect([leaf.ca, authority.ca]).toEqual([false, true]);
  expect(names.every((name) => leaf.checkHost(name) !== undefined)).toBe(true);
  expect(leaf.checkHost('payments-router.payments-dev.svc')).toBeUndefined();
  expect(Date.parse(leaf.validTo) - clock.now()).toBe(times.leafMs);
});

test('a replica that cannot read the authorities stops to sign before one of them could leave the bundle', async () => {
  const store = memoryStore();
  const clock = createManualClock();
  const authority = createCertificateAuthority({ store, times, clock });
  await authority.keep();
  await clock.advance(times.staleMs);
  await expect(authority.issueOwn(names)).resolves.toBeDefined();
  await clock.advance(1);
  await expect(authority.issueOwn(names)).rejects.toMatchObject({ code: 'authority_unavailable' });
  await authority.refresh();
  await expect(authority.issueOwn(names)).resolves.toBeDefined();
});

test('a Secret that somebody deletes is written again by the one that leads', async () => {
  const store = memoryStore();
  const clock = createManualClock();
  const [leader, replica] = [1, 2].map(() => createCertificateAuthority({ store, times, clock }));
  await leader?.keep();
  await replica?.refresh();
  const bundle = leader?.bundle();
  await store.write([], await store.read());
  await replica?.refresh();
  expect(replica?.bundle()).toBe(bundle);
  await leader?.keep();
  expect(bundleOf((await store.read()).set)).toBe(bundle);
});

test('two that believe that they lead make one authority between them', async () => {
  const store = memoryStore();
  const clock = createManualClock();
  const both = [1, 2].map(() => createCertificateAuthority({ store, times, clock }));
  await Promise.all(both.map((one) => one.keep()));
  const { set } = await store.read();
  expect(set).toHaveLength(1);
  expect(both.map((one) => one.bundle())).toEqual([bundleOf(set), bundleOf(set)]);
});

test('a certificate never outlives its authority', async () => {
  const clock = createManualClock();
  const short = { ...times, authorityMs: times.leafMs / 2 };
  const authority = createCertificateAuthority({ store: memoryStore(), times: short, clock });
  await authority.keep();
  const leaf = await authority.issueOwn(names);
  expect(leaf.notAfter.getTime()).toBe(authority.expiresAt());
});
