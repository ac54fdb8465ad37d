import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './key-pair.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws when one of them is not a certificate */
export function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
}

/** Whether a chain ends at one of the authorities. @param bundle PEM; undefined: the public ones, which are not asked */
export function isIssuedBy(bundle: string | undefined, { certificate }: KeyPair): boolean {
  const last = certificatesIn(certificate).at(-1);
  if (bundle === undefined || last === undefined) return true;
  return certificatesIn(bundle).some(
    (authority) => last.checkIssued(authority) && last.verify(authority.publicKey),
  );
}
