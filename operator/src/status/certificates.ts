import type { CertificatesRefused } from '../desired/certificate.ts';
import { type Finding, stalled, wrong } from './check.ts';

/** A cert-manager Certificate, as far as it matters. */
export type ObservedCertificate = { name: string; ready: boolean; message: string };

/** CertificatesReady, which there is only where spec.tls asks cert-manager for certificates. */
export function certificatesReady(
  certificates: readonly ObservedCertificate[] = [],
  refused?: CertificatesRefused,
): Finding {
  if (refused !== undefined) return stalled(refused.reason, refused.message);
  const missing = certificates.find(({ ready }) => !ready);
  if (missing !== undefined) {
    const message = `Certificate ${missing.name} is not issued, and cert-manager says: ${missing.message}`;
    return wrong('CertificateNotIssued', message);
  }
  return { status: 'True', reason: 'Succeeded', message: 'cert-manager has issued every certificate' };
}
