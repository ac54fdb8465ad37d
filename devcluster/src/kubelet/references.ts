import type { ConfigMap, Pod, Secret } from '../controllers/objects.ts';

/** The ConfigMaps and Secrets of one namespace, as a pod's references see them. */
export type Sources = {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
};

/** A pod names something that is not there (yet). The message is the kubelet's own. */
export class MissingReferenceError extends Error {
  override readonly name = 'MissingReferenceError';
}

type Content = Record<string, Buffer>;

export function configMapContent(sources: Sources, name: string, optional = false): Content {
  const found = sources.configMap(name);
  if (found === undefined) {
    if (optional) return {};
    throw new MissingReferenceError(`configmap "${name}" not found`);
  }
  return {
    ...mapValues(found.data, (text) => Buffer.from(text)),
    ...mapValues(found.binaryData, (text) => Buffer.from(text, 'base64')),
  };
}

export function secretContent(sources: Sources, name: string, optional = false): Content {
  const found = sources.secret(name);
  if (found === undefined) {
    if (optional) return {};
    throw new MissingReferenceError(`secret "${name}" not found`);
  }
  return mapValues(found.data, (text) => Buffer.from(text, 'base64'));
}

function mapValues(values: Record<string, string> | undefined, map: (value: string) => Buffer): Content {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, map(value)]));
}

/** Names of all ConfigMaps and Secrets that a pod's containers and volumes mention. */
export function referencedNames(pod: Pod): { configMaps: Set<string>; secrets: Set<string> } {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const add = (names: Set<string>, name: string | undefined): void => {
    if (name !== undefined) names.add(name);
  };
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name);
      add(secrets, valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add(configMaps, configMapRef?.name);
      add(secrets, secretRef?.name);
    }
  }
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add(configMaps, configMap?.name);
    add(secrets, secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add(configMaps, source.configMap?.name);
      add(secrets, source.secret?.name);
    }
  }
  return { configMaps, secrets };
}
