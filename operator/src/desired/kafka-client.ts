import { ENV, topicName } from '@cofferdam/contracts';
import type { PaymentVault } from '@cofferdam/crds';
import type { Mount } from './component.ts';
import { mskRegion } from './kafka-access.ts';

const PATHS = { ca: '/etc/cofferdam/kafka-ca', credentials: '/etc/cofferdam/kafka' } as const;

/**
 * What a process that publishes to a stream is given: where the brokers are, and what lets it in. The mounts are
 * optional, because what is missing must keep events in the outbox, and not a vault from starting.
 */
export function kafkaClient(
  vault: PaymentVault,
  stream: 'tokens' | 'payments',
): { env: Record<string, string>; mounts: readonly Mount[] } {
  const { kafka, vaultId } = vault.spec;
  if (kafka === undefined) return { env: {}, mounts: [] };
  const { tls, auth } = kafka;
  const ca = tls?.caRef;
  const secret = auth?.secretRef?.name;
  return {
    env: {
      [ENV.kafkaBootstrapServers]: kafka.bootstrapServers.join(','),
      [ENV.kafkaTopic]: topicName(vaultId, stream),
      ...(stream === 'tokens' ? { [ENV.kafkaAuditTopic]: topicName(vaultId, 'audit') } : {}),
      ...(tls === undefined ? {} : { [ENV.kafkaTls]: 'true' }),
      ...(ca === undefined ? {} : { [ENV.kafkaCaFile]: `${PATHS.ca}/${ca.key ?? 'ca.crt'}` }),
      ...(auth === undefined ? {} : { [ENV.kafkaAuth]: auth.mechanism }),
      ...(secret === undefined ? {} : { [ENV.kafkaCredentialsDirectory]: PATHS.credentials }),
      ...(auth?.mechanism === 'AwsMskIam' ? { [ENV.kafkaRegion]: mskRegion(vault) } : {}),
    },
    mounts: [
      ...(ca === undefined ? [] : [caMount(ca.kind ?? 'Secret', ca.name)]),
      ...(secret === undefined
        ? []
        : [{ kind: 'secret', name: 'kafka', secret, path: PATHS.credentials, optional: true } as const]),
    ],
  };
}

function caMount(kind: 'ConfigMap' | 'Secret', name: string): Mount {
  const at = { name: 'kafka-ca', path: PATHS.ca, optional: true };
  return kind === 'Secret'
    ? { kind: 'secret', secret: name, ...at }
    : { kind: 'configMap', configMap: name, ...at };
}
