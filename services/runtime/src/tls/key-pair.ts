import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What a server shows and proves that it may show, both PEM. */
export interface KeyPair {
  /** The leaf first, then what leads to an authority. */
  readonly certificate: string;
  readonly key: string;
}

/** A pair that belongs together, and the time that it is good for. */
export interface ServingPair extends KeyPair {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** @throws when one of the two is not PEM, or the key is of another certificate */
export function readPair({ certificate, key }: KeyPair): ServingPair {
  const leaf = new X509Certificate(certificate);
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  return { certificate, key, notBefore: leaf.validFromDate, notAfter: leaf.validToDate };
}
