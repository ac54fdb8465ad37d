import type { Kafka, PaymentVault } from '@cofferdam/crds';

type Mechanism = NonNullable<Kafka['auth']>['mechanism'];

/** Where the brokers' certificate authority stands: a key of a ConfigMap, or of a Secret that only pods can mount. */
export type CaSource = { kind: 'ConfigMap' | 'Secret'; namespace: string; name: string; key: string };

/** How the operator itself gets to a set of brokers. Equal ones share a connection. */
export type AdminAccess = {
  bootstrapServers: readonly string[];
  /** Of the vault that asks: it must be allowed to use the operator's credential. */
  namespace: string;
  /** Absent: plaintext. */
  tls?: { ca?: CaSource };
  /** Absent: no authentication. `secret` lies in the operator's namespace. */
  auth?:
    | { mechanism: Exclude<Mechanism, 'AwsMskIam'>; secret: string }
    | { mechanism: 'AwsMskIam'; region: string };
};

export function adminAccess(vault: PaymentVault, kafka: Kafka): AdminAccess {
  const { namespace = '' } = vault.metadata;
  const { tls, adminAuth } = kafka;
  return {
    bootstrapServers: kafka.bootstrapServers,
    namespace,
    ...(tls === undefined
      ? {}
      : { tls: tls.caRef === undefined ? {} : { ca: caSource(namespace, tls.caRef) } }),
    ...(adminAuth === undefined ? {} : { auth: authOf(vault, adminAuth) }),
  };
}

function authOf(
  vault: PaymentVault,
  auth: NonNullable<Kafka['adminAuth']>,
): NonNullable<AdminAccess['auth']> {
  const { mechanism, secretRef } = auth;
  return mechanism === 'AwsMskIam'
    ? { mechanism, region: mskRegion(vault) }
    : { mechanism, secret: secretRef?.name ?? '' };
}

function caSource(namespace: string, ref: NonNullable<NonNullable<Kafka['tls']>['caRef']>): CaSource {
  return { kind: ref.kind ?? 'Secret', namespace, name: ref.name, key: ref.key ?? 'ca.crt' };
}

const MSK_HOST = /\.kafka(?:-serverless)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?:\d+$/;

/** The AWS region that MSK's host names carry; behind other names, that of the KMS key. */
export function mskRegion(vault: PaymentVault): string {
  const servers = vault.spec.kafka?.bootstrapServers ?? [];
  return MSK_HOST.exec(servers[0] ?? '')?.[1] ?? vault.spec.kms.region;
}

/** Whether these are names that only Amazon MSK has. */
export function areMskServers(bootstrapServers: readonly string[]): boolean {
  return bootstrapServers.every((server) => MSK_HOST.test(server));
}
