import 'reflect-metadata/lite'; // @peculiar/x509 resolves its algorithms through it, and asks its users to load it
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Authority } from './authority-set.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SMALLEST_RSA_BITS = 2048;
/** Clocks differ: a certificate is valid a minute before it is made (less where it is made for minutes). */
const backdateMs = (lifetimeMs: number) => Math.min(60_000, lifetimeMs / 10);

// The library's types want the browser's interface of the same object.
x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** Why a certificate is not signed. `csr_invalid`: not PKCS #10, or not signed by its own key. */
export type RequestRefusal = 'csr_invalid' | 'key_not_allowed';

/** A request whose sender has shown that it holds the key. */
export type CertificateRequest = { names: string[]; publicKey: x509.PublicKey };

export type Validity = { notBefore: Date; notAfter: Date };
export type Leaf = Validity & { certificate: string };

/** A new key and its self-signed certificate, which may sign leaves and no further authority. */
export async function newAuthority(now: number, lifetimeMs: number): Promise<Authority> {
  const id = serialNumber().slice(0, 16);
  const { notBefore, notAfter } = validity(now, lifetimeMs);
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=cofferdam-ca-${id}`,
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    id,
    certificate: pem(certificate.toString('pem')),
    key: await privateKeyPem(keys.privateKey),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    createdAt: new Date(now).toISOString(),
  };
}

/** Reads PKCS #10 (RFC 2986) and checks its proof of possession. Of its content only key and DNS names count. */
export async function readRequest(csr: string): Promise<CertificateRequest | RequestRefusal> {
  try {
    const request = new x509.Pkcs10CertificateRequest(csr);
    if (!isStrong(request.publicKey)) return 'key_not_allowed';
    if (!(await request.verify())) return 'csr_invalid';
    const names = request.extensions.flatMap((extension) =>
      extension instanceof x509.SubjectAlternativeNameExtension ? extension.names.items : [],
    );
    // Another kind of name would be left out in silence otherwise.
    if (names.length === 0 || names.some(({ type }) => type !== 'dns')) return 'csr_invalid';
    return { names: names.map(({ value }) => value), publicKey: request.publicKey };
  } catch {
    return 'csr_invalid';
  }
}

/** Certifies a key for names that its holder was found to have; never beyond the authority's own end. */
export async function signLeaf(
  authority: Authority,
  request: CertificateRequest,
  { now, lifetimeMs }: { now: number; lifetimeMs: number },
): Promise<Leaf> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const bytes = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', bytes, ECDSA, false, ['sign']);
  const wanted = validity(now, lifetimeMs);
  const notAfter = wanted.notAfter < issuer.notAfter ? wanted.notAfter : issuer.notAfter;
  const notBefore = wanted.notBefore > issuer.notBefore ? wanted.notBefore : issuer.notBefore;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // Names count where they stand in subjectAltName (RFC 9525); this one is for people, and not too long.
    subject: `CN=${request.names.find((name) => name.length <= 64) ?? 'cofferdam'}`,
    issuer: issuer.subject,
    notBefore,
    notAfter,
    publicKey: request.publicKey,
    signingKey,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        request.names.map((value) => ({ type: 'dns' as const, value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: pem(certificate.toString('pem')), notBefore, notAfter };
}

/** A key of our own with its certificate, for the server of the authority itself. */
export async function ownLeaf(
  authority: Authority,
  names: string[],
  options: { now: number; lifetimeMs: number },
): Promise<Leaf & { key: string }> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const publicKey = new x509.PublicKey(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const leaf = await signLeaf(authority, { names, publicKey }, options);
  return { ...leaf, key: await privateKeyPem(keys.privateKey) };
}

function isStrong({ algorithm }: x509.PublicKey): boolean {
  const { name, namedCurve, modulusLength } = algorithm as {
    name: string;
    namedCurve?: string;
    modulusLength?: number;
  };
  if (name === 'ECDSA') return namedCurve === 'P-256' || namedCurve === 'P-384';
  return name.startsWith('RSA') && (modulusLength ?? 0) >= SMALLEST_RSA_BITS;
}

function validity(now: number, lifetimeMs: number): Validity {
  // Certificates have whole seconds.
  const second = (at: number) => new Date(Math.floor(at / 1000) * 1000);
  return { notBefore: second(now - backdateMs(lifetimeMs)), notAfter: second(now + lifetimeMs) };
}

/** 127 random bits: positive, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pem(x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY'));
}

function pem(text: string): string {
  return `${text.trim()}\n`;
}
