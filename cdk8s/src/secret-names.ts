import type { CaRef, SecretRef } from '@cofferdam/crds';
import type { EnvironmentConfig } from './config/environment-config.ts';

/** The simulator's certificate and key. */
export const SIMULATOR_TLS_SECRET = 'psp-simulator-tls';

/** A Secret that something of an environment names, and that has to come from elsewhere. */
export interface NamedSecret {
  readonly namespace: string;
  readonly name: string;
  /** What its annotations have to say. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Every Secret that vault, connectors, gateway and simulator name, each once, by namespace and name. */
export function secretsOf(config: EnvironmentConfig): NamedSecret[] {
  const found = namedInNamespace(config).map((name) => ({ namespace: config.namespace, name }));
  const simulator = config.pspSimulator?.namespace;
  const all: NamedSecret[] = [
    ...found,
    ...adminSecret(config),
    ...(simulator === undefined ? [] : [{ namespace: simulator, name: SIMULATOR_TLS_SECRET }]),
  ];
  const byKey = new Map(all.map((secret) => [`${secret.namespace}/${secret.name}`, secret]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, secret]) => secret);
}

function namedInNamespace({ vault, connectors, gateway, observability }: EnvironmentConfig): string[] {
  const databases = [vault.database.vault, vault.database.router];
  return [
    ...databases.flatMap(({ secretRef, migrationSecretRef, caRef }) => [
      ...names(secretRef, migrationSecretRef),
      ...authority(caRef),
    ]),
    ...names(vault.kafka?.auth?.secretRef),
    ...authority(vault.kafka?.tls?.caRef),
    ...connectors.flatMap(({ accounts, endpointCaRef }) => [
      ...accounts.flatMap(({ credentialsRef }) => names(credentialsRef)),
      ...authority(endpointCaRef),
    ]),
    ...names(observability?.collector?.authorizationSecretRef),
    // With annotations somebody else makes the certificate: cert-manager, as a rule.
    ...(gateway?.annotations === undefined ? names(gateway?.certificateRef) : []),
  ];
}

/** The operator's own credential, which says in its annotations for whom and where it may be used. */
function adminSecret({ namespace, operator, vault }: EnvironmentConfig): NamedSecret[] {
  const name = vault.kafka?.adminAuth?.secretRef?.name;
  if (operator === undefined || name === undefined) return [];
  const annotations = {
    'payments.cofferdam.dev/kafka-namespaces': namespace,
    'payments.cofferdam.dev/kafka-bootstrap-servers': vault.kafka?.bootstrapServers.join(',') ?? '',
  };
  return [{ namespace: operator.namespace, name, annotations }];
}

function names(...refs: readonly (SecretRef | undefined)[]): string[] {
  return refs.flatMap((ref) => ref?.name ?? []);
}

function authority(ref: CaRef | undefined): string[] {
  return ref === undefined || ref.kind === 'ConfigMap' ? [] : [ref.name];
}
