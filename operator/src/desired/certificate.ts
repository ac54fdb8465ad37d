import type { PaymentVault } from '@cofferdam/crds';
import { OPTIONAL_RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, names, serviceNames } from './names.ts';

/** Why spec.tls cannot be followed. */
export type CertificatesRefused = { reason: 'CertManagerMissing'; message: string };

/** The component's certificate from cert-manager, where spec.tls asks for it and the cluster has the kind. */
export function certificate(
  component: Pick<Component, 'name' | 'namespace' | 'identity'>,
  { spec }: PaymentVault,
  facts: Facts,
): Manifest[] {
  if (spec.tls === undefined || certificatesRefused(spec, facts) !== undefined) return [];
  const { name, namespace, identity } = component;
  const { name: issuer, kind = 'Issuer', group = 'cert-manager.io' } = spec.tls.issuerRef;
  const metadata = { name, namespace, labels: labels(identity) };
  return [
    manifest(OPTIONAL_RESOURCES.certificates, metadata, {
      spec: {
        secretName: names.tlsSecret(name),
        dnsNames: serviceNames(component),
        usages: ['digital signature', 'server auth'],
        // A new key with each certificate: one that leaks is worth nothing after a while.
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        // An issuer may shorten it, and cert-manager then renews at two thirds of what it got.
        duration: '720h0m0s',
        renewBefore: '240h0m0s',
        issuerRef: { name: issuer, kind, group },
      },
    }),
  ];
}

export function certificatesRefused(
  spec: Pick<PaymentVault['spec'], 'tls'>,
  facts: Facts,
): CertificatesRefused | undefined {
  if (spec.tls === undefined || facts.apis.has('cert-manager.io/Certificate')) return undefined;
  const message =
    'spec.tls asks for certificates of cert-manager, and the cluster has no cert-manager.io/v1 Certificate: install cert-manager, or remove spec.tls for certificates of the operator itself';
  return { reason: 'CertManagerMissing', message };
}
