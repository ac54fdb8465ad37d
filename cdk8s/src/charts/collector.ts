import { SERVICE_PORT } from '@cofferdam/contracts';
import { ApiObject, JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { collectorConfig, type ScrapedService } from '../collector/collector-config.ts';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import type { CollectorConfig } from '../config/observability-config.ts';
import { jobs } from '../slo/slos.ts';
import { collectorPolicy } from './network-policies.ts';
import { restrictedContainer, restrictedPod } from './pod-security.ts';

const NAME = 'cofferdam-collector';
const CA_DIRECTORY = '/etc/cofferdam/ca';
/** Of the ConfigMap that the operator writes for each vault. */
const CA_KEY = 'ca.crt';
const AUTHORIZATION = 'OTLP_AUTHORIZATION';
const OPERATOR_PORT = 8080;
const RBAC = 'rbac.authorization.k8s.io';
/** Of its one pod. */
export const COLLECTOR_RESOURCES = {
  requests: { cpu: '100m', memory: '256Mi' },
  limits: { memory: '512Mi' },
};

/** An OpenTelemetryCollector (opentelemetry.io/v1beta1) and the least rights with which it finds what it scrapes. */
export function addCollector(scope: Construct, config: EnvironmentConfig, collector: CollectorConfig): void {
  const { namespace } = config;
  const metadata = { name: NAME, namespace };
  const services = scrapedServices(config);
  new k8s.KubeServiceAccount(scope, 'collector-account', { metadata });
  for (const where of new Set(services.map((service) => service.namespace)))
    addRights(scope, where, namespace);
  new k8s.KubeNetworkPolicy(scope, 'collector-policy', {
    metadata,
    // As the OpenTelemetry operator labels its pods.
    spec: collectorPolicy(
      {
        'app.kubernetes.io/component': 'opentelemetry-collector',
        'app.kubernetes.io/instance': `${namespace}.${NAME}`,
      },
      { services: SERVICE_PORT, operator: OPERATOR_PORT, endpoint: portOf(collector.endpoint) },
    ),
  });
  new ApiObject(scope, 'collector', {
    apiVersion: 'opentelemetry.io/v1beta1',
    kind: 'OpenTelemetryCollector',
    metadata,
  }).addJsonPatch(JsonPatch.add('/spec', collectorSpec(config, collector, services)));
}

function addRights(scope: Construct, where: string, own: string): void {
  const metadata = { name: NAME, namespace: where };
  new k8s.KubeRole(scope, `collector-role-${where}`, {
    metadata,
    rules: [
      { apiGroups: [''], resources: ['services', 'pods'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
    ],
  });
  new k8s.KubeRoleBinding(scope, `collector-binding-${where}`, {
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: own }],
  });
}

function collectorSpec(
  config: EnvironmentConfig,
  { endpoint, intervalSeconds, image, authorizationSecretRef }: CollectorConfig,
  services: readonly ScrapedService[],
): object {
  const ca = trustOf(config);
  return {
    mode: 'deployment',
    managementState: 'managed',
    replicas: 1,
    serviceAccount: NAME,
    ...(image === undefined ? {} : { image }),
    podSecurityContext: restrictedPod,
    securityContext: restrictedContainer,
    resources: COLLECTOR_RESOURCES,
    ...(authorizationSecretRef === undefined
      ? {}
      : { env: [{ name: AUTHORIZATION, valueFrom: { secretKeyRef: authorizationSecretRef } }] }),
    ...(ca === undefined
      ? {}
      : {
          volumes: [{ name: 'ca', configMap: { name: ca.name, items: [{ key: ca.key, path: CA_KEY }] } }],
          volumeMounts: [{ name: 'ca', mountPath: CA_DIRECTORY, readOnly: true }],
        }),
    config: collectorConfig({
      services,
      endpoint,
      intervalSeconds: intervalSeconds ?? 30,
      authorizationVariable: authorizationSecretRef === undefined ? undefined : AUTHORIZATION,
    }),
  };
}

function scrapedServices(config: EnvironmentConfig): ScrapedService[] {
  const { namespace, vault, connectors, operator } = config;
  const caFile = trustOf(config) === undefined ? undefined : `${CA_DIRECTORY}/${CA_KEY}`;
  const names = [
    jobs.vault(vault.name),
    jobs.router(vault.name),
    ...connectors.map(({ name }) => jobs.connector(name)),
  ];
  return [
    ...names.map((name) => ({ name, namespace, port: 'https', caFile })),
    ...(operator === undefined
      ? []
      : [
          {
            name: 'cofferdam-operator',
            namespace: operator.namespace,
            port: 'http',
            plaintext: true as const,
          },
        ]),
  ];
}

/** As the operator chooses it for ServiceMonitors: its own authority, or that of `vault.tls`. */
function trustOf({ vault }: EnvironmentConfig): { name: string; key: string } | undefined {
  if (vault.tls === undefined) return { name: `${vault.name}-ca`, key: CA_KEY };
  const { caRef } = vault.tls;
  return caRef === undefined ? undefined : { name: caRef.name, key: caRef.key ?? CA_KEY };
}

function portOf(endpoint: string): number {
  const { port, protocol } = new URL(endpoint);
  return port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
}
