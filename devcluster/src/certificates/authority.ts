import 'reflect-metadata/lite'; // @peculiar/x509 resolves its algorithms through it, and asks its users to load it
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface ServingCertificate {
  /** What clients trust. */
  caPem: string;
  certificatePem: string;
  keyPem: string;
}

export interface Leaf {
  subject: string;
  /** DNS names. */
  names: string[];
  /** IP addresses. */
  addresses?: string[];
  /** Default: a minute ago. */
  notBefore?: Date;
  /** Default: in a year. */
  notAfter?: Date;
}

/** Signs certificates of servers, for the embedded cluster and for tests; its key lives as long as the process. */
export interface Authority {
  readonly caPem: string;
  /** A new key and its certificate. */
  issue(leaf: Leaf): Promise<ServingCertificate>;
  /** A certificate for the key and the DNS names of a PKCS #10 request, PEM; `more` comes on top or in their place. */
  sign(csr: string, more: Partial<Leaf>): Promise<string>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const YEAR_MS = 365 * 24 * 3600 * 1000;

export async function createAuthority(name: string): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    ...lifeOf({}),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const caPem = `${ca.toString('pem')}\n`;
  const certify = async (publicKey: x509.PublicKeyType, leaf: Leaf): Promise<string> => {
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: `00${randomBytes(15).toString('hex')}`,
      subject: `CN=${leaf.subject}`,
      issuer: ca.subject,
      ...lifeOf(leaf),
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...leaf.names.map((value) => ({ type: 'dns' as const, value })),
          ...(leaf.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  };
  return {
    caPem,
    issue: async (leaf) => {
      const { publicKey, privateKey } = await newKeys();
      const keyPem = `${await privatePem(privateKey)}\n`;
      return { caPem, certificatePem: await certify(publicKey, leaf), keyPem };
    },
    sign: async (csr, more) => {
      const request = new x509.Pkcs10CertificateRequest(csr);
      if (!(await request.verify())) throw new Error('the request is not signed by its own key');
      const names = request.extensions.flatMap((extension) =>
        extension instanceof x509.SubjectAlternativeNameExtension ? extension.names.items : [],
      );
      return certify(request.publicKey, {
        subject: names[0]?.value ?? 'nobody',
        names: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
        ...more,
      });
    },
  };
}

function lifeOf({ notBefore, notAfter }: Pick<Leaf, 'notBefore' | 'notAfter'>) {
  return {
    notBefore: notBefore ?? new Date(Date.now() - 60_000),
    notAfter: notAfter ?? new Date(Date.now() + YEAR_MS),
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
