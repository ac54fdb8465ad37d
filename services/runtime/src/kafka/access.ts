import { createPrivateKey, X509Certificate } from 'node:crypto';

/** How a client proves who it is to the brokers: the words of `spec.kafka.auth.mechanism`. */
export const KAFKA_MECHANISMS = ['ScramSha256', 'ScramSha512', 'AwsMskIam', 'MutualTls'] as const;
export type KafkaMechanism = (typeof KAFKA_MECHANISMS)[number];

/** The keys of the Secret that each mechanism needs. */
export const KAFKA_CREDENTIAL_KEYS = {
  ScramSha256: ['username', 'password'],
  ScramSha512: ['username', 'password'],
  MutualTls: ['tls.crt', 'tls.key'],
  AwsMskIam: [],
} as const satisfies Record<KafkaMechanism, readonly string[]>;

export type KafkaAuth =
  | { mechanism: 'ScramSha256' | 'ScramSha512'; username: string; password: string }
  | { mechanism: 'MutualTls'; certificate: string; key: string }
  | { mechanism: 'AwsMskIam'; region: string };

/** Everything that a client needs to speak to a set of brokers. */
export type KafkaAccess = {
  /** `host:port` each. */
  bootstrapServers: readonly string[];
  /** Absent: plaintext. `ca` is PEM; without it the public certificate authorities. */
  tls?: { ca?: string } | undefined;
  /** Absent: no authentication. */
  auth?: KafkaAuth | undefined;
};

/** A credential or certificate that cannot be used: the message names the key, never its value. */
export class KafkaCredentialsError extends Error {
  override readonly name = 'KafkaCredentialsError';
}

/**
 * The credentials of a mechanism out of the keys of a Secret.
 *
 * @param keys what the Secret holds, by key
 * @param region of the cluster; only for AwsMskIam
 * @throws {KafkaCredentialsError}
 */
export function kafkaAuth(
  mechanism: KafkaMechanism,
  keys: Readonly<Record<string, string | undefined>>,
  region?: string,
): KafkaAuth {
  switch (mechanism) {
    case 'AwsMskIam':
      if (!region) throw new KafkaCredentialsError('AwsMskIam needs the AWS region of the brokers');
      return { mechanism, region };
    case 'MutualTls': {
      const [certificate, key] = [wanted(keys, 'tls.crt'), wanted(keys, 'tls.key')];
      return { mechanism, ...pair(certificate, key) };
    }
    default:
      // A password made by `echo` ends with a line that nobody meant.
      return {
        mechanism,
        username: wanted(keys, 'username').trim(),
        password: wanted(keys, 'password').replace(/\r?\n$/, ''),
      };
  }
}

/** @throws {KafkaCredentialsError} when it holds no certificate */
export function certificateAuthorities(pem: string, where: string): string {
  if (parsed(() => new X509Certificate(pem)) === undefined) {
    throw new KafkaCredentialsError(`${where} holds no PEM certificate`);
  }
  return pem;
}

function wanted(keys: Readonly<Record<string, string | undefined>>, key: string): string {
  const value = keys[key];
  if (value === undefined || value.trim() === '') throw new KafkaCredentialsError(`key ${key} is missing`);
  return value;
}

/** The handshake would fail on these too, but with a message that names neither of them. */
function pair(certificate: string, key: string): { certificate: string; key: string } {
  const x509 = parsed(() => new X509Certificate(certificate));
  const privateKey = parsed(() => createPrivateKey(key));
  if (x509 === undefined) throw new KafkaCredentialsError('key tls.crt holds no PEM certificate');
  if (privateKey === undefined) throw new KafkaCredentialsError('key tls.key holds no PEM private key');
  if (!x509.checkPrivateKey(privateKey)) {
    throw new KafkaCredentialsError('tls.key is not the key of the certificate in tls.crt');
  }
  return { certificate, key };
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
