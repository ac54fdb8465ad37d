import type { Container, Pod } from '../controllers/objects.ts';
import { fieldValue, type PodAddresses, resourceValue } from './downward.ts';
import { configMapContent, MissingReferenceError, type Sources, secretContent } from './references.ts';

export type EnvironmentInput = {
  pod: Pod;
  addresses: PodAddresses;
  sources: Sources;
  /** What the node itself gives; the container's own settings win over it. */
  base: Record<string, string>;
};

type EnvVar = NonNullable<Container['env']>[number];

/**
 * The environment that a pod's specification gives a container: envFrom, then env, each able to use those before it.
 *
 * @throws MissingReferenceError
 */
export function containerEnvironment(container: Container, input: EnvironmentInput): Record<string, string> {
  const { base, sources } = input;
  const env: Record<string, string> = { ...base };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const content = {
      ...(configMapRef?.name === undefined
        ? {}
        : configMapContent(sources, configMapRef.name, configMapRef.optional)),
      ...(secretRef?.name === undefined ? {} : secretContent(sources, secretRef.name, secretRef.optional)),
    };
    for (const [key, value] of Object.entries(content)) env[prefix + key] = value.toString();
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, container, input);
    if (value !== undefined) env[variable.name] = variable.value === undefined ? value : expand(value, env);
  }
  return env;
}

function variableValue(variable: EnvVar, container: Container, input: EnvironmentInput): string | undefined {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return variable.value ?? '';
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const { pod, addresses, sources } = input;
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath, addresses);
  if (resourceFieldRef !== undefined) {
    return resourceValue(container, resourceFieldRef.resource, resourceFieldRef.divisor);
  }
  const { namespace } = pod.metadata;
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional } = configMapKeyRef;
    const value = configMapContent(sources, name, optional)[key];
    if (value === undefined && optional !== true) {
      throw new MissingReferenceError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    }
    return value?.toString();
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional } = secretKeyRef;
    const value = secretContent(sources, name, optional)[key];
    if (value === undefined && optional !== true) {
      throw new MissingReferenceError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    }
    return value?.toString();
  }
  throw new MissingReferenceError(`env ${variable.name}: this source of a value is not supported`);
}

/** Kubernetes' `$(NAME)`: unknown names stay as they are, `$$` is a plain `$`. */
export function expand(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? match),
  );
}
