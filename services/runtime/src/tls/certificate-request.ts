import 'reflect-metadata/lite'; // @peculiar/x509 resolves its algorithms through it, and asks its users to load it
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './key-pair.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A key that was just made and never leaves the process, and what asks for its certificate. */
export interface NewKey {
  /** PKCS #8, PEM, in memory alone. */
  readonly key: string;
  /** PKCS #10, PEM. */
  readonly csr: string;
}

/** @param names DNS names of our Service */
export async function newKey(names: readonly string[]): Promise<NewKey> {
  const keys = await makeKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName(names),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  return { key: await privatePem(keys.privateKey), csr: request.toString('pem') };
}

/**
 * A pair for the time until there is a real one: a probe, which verifies nothing, can ask whether we live and what we
 * wait for, and every client refuses it.
 */
export async function placeholderPair(): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=waiting for a certificate',
    notBefore: new Date(0),
    notAfter: new Date(0), // expired from the first moment: nobody can come to trust it
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { certificate: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** A common name has at most 64 characters (RFC 5280, ub-common-name); the names that count are in the extension. */
function commonName(names: readonly string[]): string {
  const name = names.find((candidate) => candidate.length <= 64);
  return name === undefined ? '' : `CN=${name}`;
}
