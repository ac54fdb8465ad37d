import { ApiObject, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import type { ExternalSecretsConfig } from '../config/external-secrets-config.ts';
import { type NamedSecret, secretsOf } from '../secret-names.ts';

const DEFAULT_REFRESH_MINUTES = 60;

/** An ExternalSecret (external-secrets.io/v1) for each Secret that the environment names. */
export function addExternalSecrets(scope: Construct, config: EnvironmentConfig): void {
  const { externalSecrets } = config;
  if (externalSecrets === undefined) return;
  for (const secret of secretsOf(config)) {
    const { namespace, name } = secret;
    const kind = { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret' };
    const object = new ApiObject(scope, `external-secret-${namespace}-${name}`, {
      ...kind,
      metadata: { name, namespace },
    });
    object.addJsonPatch(JsonPatch.add('/spec', spec(secret, externalSecrets)));
  }
}

function spec({ name, annotations }: NamedSecret, config: ExternalSecretsConfig): object {
  const { store, keyPrefix = '', keys, refreshMinutes } = config;
  return {
    refreshInterval: `${refreshMinutes ?? DEFAULT_REFRESH_MINUTES}m`,
    secretStoreRef: { kind: store.kind ?? 'ClusterSecretStore', name: store.name },
    target: {
      name,
      // Nor must an ExternalSecret that goes with a change in Git: the vault that has it mounted does not go with it.
      creationPolicy: 'Orphan',
      // A secret that is gone from the store must not take a running vault's credentials along.
      deletionPolicy: 'Retain',
      ...(annotations === undefined
        ? {}
        : { template: { engineVersion: 'v2', mergePolicy: 'Replace', metadata: { annotations } } }),
    },
    dataFrom: [{ extract: { key: keys?.[name] ?? `${keyPrefix}${name}` } }],
  };
}
