import { GROUP } from '@cofferdam/crds';
import {
  certificateAuthorities,
  type KafkaAccess,
  KafkaCredentialsError,
  kafkaAuth,
} from '@cofferdam/runtime';
import { type AdminAccess, areMskServers, type CaSource } from '../desired/kafka-access.ts';
import { KafkaRefusal } from './kafka-problem.ts';
import type { KafkaSources, SecretFound } from './kafka-sources.ts';

/** On the operator's credential: the namespaces whose vaults may have it used, with commas, or `*`. */
export const NAMESPACES_ANNOTATION = `${GROUP}/kafka-namespaces`;
/** On the operator's credential: the `host:port` of the brokers that it may be shown to, with commas. */
export const SERVERS_ANNOTATION = `${GROUP}/kafka-bootstrap-servers`;

/**
 * The operator's way to the brokers. Whoever writes a PaymentVault names both a credential and a place to use it at:
 * without the two annotations a tenant could have another's used, or shown to a broker of his own that passes the
 * handshake on.
 *
 * @throws {KafkaRefusal} with what to do about it
 */
export async function resolveAccess(wanted: AdminAccess, sources: KafkaSources): Promise<KafkaAccess> {
  const { bootstrapServers, auth, tls } = wanted;
  const secret =
    auth === undefined || !('secret' in auth) ? undefined : await allowed(wanted, auth.secret, sources);
  if (auth?.mechanism === 'AwsMskIam' && !areMskServers(bootstrapServers)) {
    throw new KafkaRefusal(
      'KafkaCredentialsNotAllowed',
      `adminAuth AwsMskIam shows the operator's AWS role to brokers of Amazon MSK only, under their own names, and ${bootstrapServers.join(', ')} are others: use those names, or manage: None`,
    );
  }
  return {
    bootstrapServers,
    ...(tls === undefined ? {} : { tls: await authorities(tls.ca, { secret, auth, sources }) }),
    ...(auth === undefined ? {} : { auth: credentials(auth, secret) }),
  };
}

async function allowed(wanted: AdminAccess, name: string, sources: KafkaSources): Promise<SecretFound> {
  const secret = await sources.adminSecret(name);
  if (secret === undefined) {
    throw new KafkaRefusal(
      'KafkaCredentialsMissing',
      `adminAuth names Secret ${name}, which is not in the operator's namespace: create it there`,
    );
  }
  const namespaces = listOf(secret.annotations[NAMESPACES_ANNOTATION]);
  if (!namespaces.includes('*') && !namespaces.includes(wanted.namespace)) {
    throw new KafkaRefusal(
      'KafkaCredentialsNotAllowed',
      `Secret ${name} of the operator's namespace may not be used for namespace ${wanted.namespace}: add it to the Secret's annotation ${NAMESPACES_ANNOTATION}`,
    );
  }
  const servers = listOf(secret.annotations[SERVERS_ANNOTATION]);
  const other = wanted.bootstrapServers.find((server) => !servers.includes(server));
  if (other !== undefined) {
    throw new KafkaRefusal(
      'KafkaCredentialsNotAllowed',
      `Secret ${name} of the operator's namespace may not be shown to broker ${other}: add it to the Secret's annotation ${SERVERS_ANNOTATION}`,
    );
  }
  return secret;
}

function listOf(text = ''): string[] {
  return text.split(',').map((part) => part.trim());
}

function credentials(
  auth: NonNullable<AdminAccess['auth']>,
  secret: SecretFound | undefined,
): NonNullable<KafkaAccess['auth']> {
  if (auth.mechanism === 'AwsMskIam') return kafkaAuth(auth.mechanism, {}, auth.region);
  return orRefused(`Secret ${auth.secret} of the operator's namespace`, 'KafkaCredentialsMissing', () =>
    kafkaAuth(auth.mechanism, secret?.data ?? {}),
  );
}

/**
 * A CA in a ConfigMap is read. One in a Secret of the vault's namespace is not, since the operator reads no Secret but
 * its own: then the admin credential has to bring the CA, as Strimzi's and cert-manager's Secrets do.
 */
async function authorities(
  source: CaSource | undefined,
  from: { secret: SecretFound | undefined; auth: AdminAccess['auth']; sources: KafkaSources },
): Promise<{ ca?: string }> {
  const own = from.secret?.data['ca.crt'];
  if (own !== undefined && from.auth !== undefined && 'secret' in from.auth) {
    const where = `key ca.crt of Secret ${from.auth.secret} of the operator's namespace`;
    return { ca: orRefused(where, 'KafkaCaUnreadable', () => certificateAuthorities(own, 'it')) };
  }
  if (source === undefined) return {};
  const { kind, namespace, name, key } = source;
  if (kind === 'Secret') {
    throw new KafkaRefusal(
      'KafkaCaUnreadable',
      `spec.kafka.tls.caRef names Secret ${name}, and the operator reads no Secret of a vault's namespace: put the certificate into a ConfigMap and say kind: ConfigMap, or add it as ca.crt to the Secret that adminAuth names`,
    );
  }
  const pem = (await from.sources.configMap(namespace, name))?.[key];
  if (pem === undefined) {
    throw new KafkaRefusal(
      'KafkaCaUnreadable',
      `spec.kafka.tls.caRef: there is no key ${key} in a ConfigMap ${namespace}/${name}`,
    );
  }
  return {
    ca: orRefused(`ConfigMap ${namespace}/${name}`, 'KafkaCaUnreadable', () =>
      certificateAuthorities(pem, `key ${key}`),
    ),
  };
}

function orRefused<T>(where: string, reason: KafkaRefusal['reason'], make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof KafkaCredentialsError) throw new KafkaRefusal(reason, `${where}: ${error.message}`);
    throw error;
  }
}
