import 'reflect-metadata/lite'; // @peculiar/x509 resolves its algorithms through it, and asks its users to load it
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 3600 * 1000;

export type TestKeyPair = { certificate: string; key: string };

/** A certificate authority of one test file. */
export type TestAuthority = {
  /** PEM. */
  ca: string;
  issue(commonName: string, addresses?: readonly string[]): Promise<TestKeyPair>;
};

export async function createTestAuthority(): Promise<TestAuthority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const life = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + DAY_MS) };
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ ...life, serialNumber: '01', name: 'CN=cofferdam-test-ca', keys, signingAlgorithm: ALGORITHM },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    ca: `${ca.toString('pem')}\n`,
    async issue(commonName, addresses = []) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        ...{ ...life, subject: `CN=${commonName}`, issuer: ca.subject, signingAlgorithm: ALGORITHM },
        ...{ publicKey: own.publicKey, signingKey: keys.privateKey },
        extensions: [
          new x509.ExtendedKeyUsageExtension([
            x509.ExtendedKeyUsage.serverAuth,
            x509.ExtendedKeyUsage.clientAuth,
          ]),
          ...(addresses.length === 0
            ? []
            : [
                new x509.SubjectAlternativeNameExtension(
                  addresses.map((value) => ({ type: 'ip' as const, value })),
                ),
              ]),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        certificate: `${certificate.toString('pem')}\n`,
        key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
      };
    },
  };
}
