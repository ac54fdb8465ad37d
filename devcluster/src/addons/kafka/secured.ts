/**
 * Listeners that ask who a client is, and an authorizer that holds it to its ACLs. The plaintext listener stays, and
 * whoever comes in through it may do everything: for the setting up and looking at of tests.
 */
export interface SecuredListeners {
  /** TLS, then SCRAM-SHA-256 or SCRAM-SHA-512. */
  saslPort: number;
  /** TLS that asks for a client's certificate; its subject is the principal. */
  mutualTlsPort: number;
  /** Of the broker; PEM, the key in PKCS#8. */
  certificate: string;
  key: string;
  /** PEM of who signs the clients' certificates. */
  clientCa: string;
  /** SCRAM users and their passwords. */
  users: Readonly<Record<string, string>>;
  /** Principals such as `User:admin` that no ACL binds. */
  superUsers: readonly string[];
}

/** `SASL_SSL://127.0.0.1:1,SSL://127.0.0.1:2` */
export function securedListeners(host: string, { saslPort, mutualTlsPort }: SecuredListeners): string {
  return `SASL_SSL://${host}:${saslPort},SSL://${host}:${mutualTlsPort}`;
}

export function securedProperties(secured: SecuredListeners): Record<string, string | number | boolean> {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': secured.certificate,
    'ssl.keystore.key': secured.key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': secured.clientCa,
    'listener.name.ssl.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': ['User:ANONYMOUS', ...secured.superUsers].join(';'),
  };
}

/** Arguments of the storage tool: the users stand in the metadata log from the first record on. */
export function scramArguments({ users }: SecuredListeners): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
}
