import { isKubeError, type KubeClient, type KubeObject, RESOURCES } from '../engine/index.ts';
import { KafkaRefusal } from './kafka-problem.ts';

export type SecretFound = {
  annotations: Readonly<Record<string, string>>;
  data: Readonly<Record<string, string>>;
};

/** Where the operator's way to the brokers is written down. */
export type KafkaSources = {
  /** A Kafka admin credential: a Secret of the operator's own namespace, by name. Undefined: there is none. */
  adminSecret(name: string): Promise<SecretFound | undefined>;
  configMap(namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined>;
};

/** Read one by one, by name, when they are needed: Secrets are neither listed nor watched nor kept. */
export function kafkaSources(client: Pick<KubeClient, 'get'>, operatorNamespace: string): KafkaSources {
  type WithData = KubeObject & { data?: Record<string, string> };
  const read = (resource: (typeof RESOURCES)['secrets' | 'configMaps'], namespace: string, name: string) =>
    client.get<WithData>(resource, { namespace, name }).catch((error: unknown) => {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    });
  return {
    async adminSecret(name) {
      const secret = await read(RESOURCES.secrets, operatorNamespace, name).catch((error: unknown) => {
        if (!isKubeError(error, 'forbidden')) throw error;
        throw new KafkaRefusal(
          'KafkaCredentialsNotAllowed',
          `the operator may not read Secret ${operatorNamespace}/${name}: name it cofferdam-kafka-admin, or add its name to the Role cofferdam-operator of that namespace`,
        );
      });
      if (secret === undefined) return undefined;
      const data = Object.entries(secret.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString('utf8'),
      ]);
      return { annotations: secret.metadata.annotations ?? {}, data: Object.fromEntries(data) };
    },
    async configMap(namespace, name) {
      const found = await read(RESOURCES.configMaps, namespace, name);
      return found === undefined ? undefined : (found.data ?? {});
    },
  };
}
