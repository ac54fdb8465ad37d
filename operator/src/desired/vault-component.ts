import { ENV } from '@cofferdam/contracts';
import type { Database, PaymentVault } from '@cofferdam/crds';
import { caMount } from './ca-mount.ts';
import type { Component, Mount } from './component.ts';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';
import { kafkaClient } from './kafka-client.ts';
import { mayBeGranted } from './key.ts';
import { MERCHANT_KEYS_FILE } from './merchant-keys.ts';
import { names, serviceUrl } from './names.ts';
import { CA_KEY, tlsOf } from './tls.ts';
import { tracingEnv } from './tracing.ts';

export const PATHS = {
  access: '/etc/cofferdam/access',
  routing: '/etc/cofferdam/routing',
  accounts: '/etc/cofferdam/accounts',
  accountsConfig: '/etc/cofferdam/accounts-config',
  database: '/etc/cofferdam/database',
  databaseCa: '/etc/cofferdam/database-ca',
  endpointCa: '/etc/cofferdam/endpoint-ca',
  migrationDatabase: '/etc/cofferdam/migration-database',
  token: '/var/run/secrets/cofferdam',
} as const;

type Role = 'vault' | 'router';
export type VaultComponent = Component & { identity: { role: Role; instance: string; vault: string } };

/** IRSA: the pods of this ServiceAccount act as that role, with short-lived credentials. */
export const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

/** The process that holds card data: database, KMS key, and nothing else. */
export function vaultComponent(vault: PaymentVault, facts: Facts, keyArn: string): VaultComponent {
  const { kms } = vault.spec;
  const { tokens, keys, backupRetentionDays, limits, events } = effectiveVault(vault, facts.images);
  const base = component('vault', vault, facts);
  const kafka = kafkaClient(vault, 'tokens');
  const tls = tlsOf(vault, facts, base);
  return {
    ...base,
    env: {
      ...base.env,
      [ENV.kmsKeyArn]: keyArn,
      [ENV.merchantKeysFile]: `${PATHS.access}/${MERCHANT_KEYS_FILE}`,
      [ENV.tokenFormat]: tokens.format,
      [ENV.tokenDeduplicate]: tokens.deduplicate,
      [ENV.cvcTtlSeconds]: String(tokens.cvcTtlSeconds),
      [ENV.requestsPerSecond]: String(limits.requestsPerSecond),
      [ENV.eventRetentionHours]: String(events.retentionHours),
      [ENV.backupRetentionDays]: String(backupRetentionDays),
      [ENV.dataKeyMaxAgeHours]: String(keys.dataKeyMaxAgeHours),
      [ENV.kmsOutageMinutes]: String(keys.kmsOutageMinutes),
      ...(keys.rekeyGeneration === 0 ? {} : { [ENV.rekeyGeneration]: String(keys.rekeyGeneration) }),
      ...kafka.env,
      ...tls.env,
      ...tracingEnv(vault),
      AWS_REGION: kms.region,
      ...(kms.endpoint === undefined ? {} : { AWS_ENDPOINT_URL_KMS: kms.endpoint }),
    },
    mounts: [...base.mounts, ...kafka.mounts, ...tls.mounts],
    // A role that this namespace may not have is not offered to its pods either.
    ...(kms.granteePrincipal === undefined || !mayBeGranted(vault, facts)
      ? {}
      : { serviceAccountAnnotations: { [ROLE_ANNOTATION]: kms.granteePrincipal } }),
  };
}

/** The process that decides and never sees a card. */
export function routerComponent(vault: PaymentVault, facts: Facts): VaultComponent {
  const { name, namespace = '' } = vault.metadata;
  const base = component('router', vault, facts);
  const { limits, events } = effectiveVault(vault, facts.images);
  const kafka = kafkaClient(vault, 'payments');
  const tls = tlsOf(vault, facts, base);
  return {
    ...base,
    env: {
      ...base.env,
      [ENV.requestsPerSecond]: String(limits.requestsPerSecond),
      [ENV.eventRetentionHours]: String(events.retentionHours),
      [ENV.routingFile]: `${PATHS.routing}/routing.json`,
      [ENV.vaultUrl]: serviceUrl(names.vault(name), namespace),
      [ENV.tokenFile]: `${PATHS.token}/token`,
      ...kafka.env,
      ...tls.env,
      ...tracingEnv(vault),
    },
    mounts: [
      ...base.mounts,
      { kind: 'configMap', name: 'routing', configMap: names.routing(name), path: PATHS.routing },
      { kind: 'token', name: 'token', path: PATHS.token },
      ...kafka.mounts,
      ...tls.mounts,
    ],
  };
}

/** The same image with nothing but both databases' roles: what `migrate` needs. */
export function migrationComponent(role: Role, vault: PaymentVault, facts: Facts): VaultComponent {
  const serving = component(role, vault, facts);
  const { migrationSecretRef } = vault.spec.database[role];
  const { [ENV.accessFile]: _, ...env } = serving.env;
  return {
    ...serving,
    env: {
      ...env,
      ...(migrationSecretRef === undefined
        ? {}
        : { [ENV.migrationDatabaseDirectory]: PATHS.migrationDatabase }),
    },
    mounts: [
      ...serving.mounts.filter((mount) => mount.name !== 'access'),
      ...(migrationSecretRef === undefined
        ? []
        : [
            {
              kind: 'secret',
              name: 'migration-database',
              secret: migrationSecretRef.name,
              path: PATHS.migrationDatabase,
            } as const,
          ]),
    ],
  };
}

function component(role: Role, vault: PaymentVault, facts: Facts): VaultComponent {
  const { name, namespace = '' } = vault.metadata;
  const { images, scaling } = effectiveVault(vault, facts.images);
  const database = databaseOf(vault.spec.database[role]);
  return {
    identity: { role, instance: name, vault: name },
    name: names[role](name),
    namespace,
    image: images[role],
    ...imagePullSecretsOf(vault),
    size: scaling[role],
    env: {
      [ENV.logLevel]: (vault.spec.observability?.logLevel ?? 'Info').toLowerCase(),
      [ENV.vaultId]: vault.spec.vaultId,
      [ENV.accessFile]: `${PATHS.access}/access.json`,
      ...database.env,
      ...(vault.spec.database.synchronousReplication ? { [ENV.databaseSynchronousReplication]: 'true' } : {}),
    },
    mounts: [
      { kind: 'configMap', name: 'access', configMap: names.access(name), path: PATHS.access },
      ...database.mounts,
    ],
  };
}

/** Of all pods of a vault and of its connectors. */
export function imagePullSecretsOf(vault: PaymentVault): Pick<Component, 'imagePullSecrets'> {
  const { imagePullSecrets = [] } = vault.spec;
  return imagePullSecrets.length === 0 ? {} : { imagePullSecrets };
}

function databaseOf(access: Database['vault']): { env: Record<string, string>; mounts: Mount[] } {
  const { secretRef, caRef } = access;
  const env = { [ENV.databaseDirectory]: PATHS.database };
  const secret: Mount = { kind: 'secret', name: 'database', secret: secretRef.name, path: PATHS.database };
  if (caRef === undefined) return { env, mounts: [secret] };
  const file = `${PATHS.databaseCa}/${caRef.key ?? CA_KEY}`;
  const ca = caMount('database-ca', caRef, PATHS.databaseCa);
  return { env: { ...env, [ENV.databaseCaFile]: file }, mounts: [secret, ca] };
}
