import { TOKEN_AUDIENCE } from '@cofferdam/contracts';
import { componentSize } from '@cofferdam/crds';
import { JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { OperatorConfig } from '../config/operator-config.ts';
import type { Release } from '../config/release.ts';
import { restrictedContainer, restrictedPod } from './pod-security.ts';
import { probes } from './probes.ts';
import { temporary } from './temporary.ts';

const TOKEN_DIRECTORY = '/var/run/secrets/cofferdam';
const GRANTEES_DIRECTORY = '/etc/cofferdam/grantees';

export interface OperatorPodProps {
  readonly config: OperatorConfig;
  readonly release: Release;
  /** Its ServiceAccount. */
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: { readonly http: number; readonly certificates: number };
  /** Name of the ConfigMap. */
  readonly grantees: string;
}

export function operatorPod(props: OperatorPodProps): k8s.PodSpec {
  const { config, release, name, selector, ports, grantees } = props;
  return {
    serviceAccountName: name,
    securityContext: restrictedPod,
    // The one that waits for the lease is of use on another node.
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selector },
      },
    ],
    containers: [
      {
        name: 'operator',
        image: release.images.operator,
        args: ['serve'],
        env: environment(props),
        ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
        securityContext: restrictedContainer,
        resources: resourcesOf(config),
        volumeMounts: [
          { name: 'token', mountPath: TOKEN_DIRECTORY, readOnly: true },
          { name: 'grantees', mountPath: GRANTEES_DIRECTORY, readOnly: true },
          temporary.mount,
        ],
        ...probes,
      },
    ],
    volumes: [
      {
        name: 'token',
        // For /statusz of the services. Its audience is ours: nobody can use it at the Kubernetes API.
        projected: {
          sources: [
            { serviceAccountToken: { audience: TOKEN_AUDIENCE, expirationSeconds: 600, path: 'token' } },
          ],
        },
      },
      { name: 'grantees', configMap: { name: grantees } },
      temporary.volume,
    ],
  };
}

/** Where its pods may run, as the configuration has it: the chart library would leave out members it does not know. */
export function placement({ imagePullSecrets, nodeSelector, tolerations, affinity }: OperatorConfig) {
  return Object.entries({ imagePullSecrets, nodeSelector, tolerations, affinity })
    .filter(([, value]) => value !== undefined && Object.keys(value).length > 0)
    .map(([name, value]) => JsonPatch.add(`/spec/template/spec/${name}`, value));
}

function resourcesOf({ resources }: OperatorConfig): k8s.ResourceRequirements {
  const { requests, limits } = componentSize({ resources }).resources;
  const quantities = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, k8s.Quantity.fromString(value)]));
  return { requests: quantities(requests), limits: quantities(limits) };
}

function environment({ config, release, ports }: OperatorPodProps): k8s.EnvVar[] {
  const { vault, router, connector } = release.images;
  const values = {
    PORT: String(ports.http),
    CERTIFICATE_PORT: String(ports.certificates),
    STATUSZ_TOKEN_FILE: `${TOKEN_DIRECTORY}/token`,
    GRANTEES_FILE: `${GRANTEES_DIRECTORY}/grantees.json`,
    // The set that runs where a PaymentVault names no images.
    IMAGE_VAULT: vault,
    IMAGE_ROUTER: router,
    IMAGE_CONNECTOR: connector,
    OPERATOR_IMAGE: release.images.operator,
    ...(config.namespaces === undefined ? {} : { WATCH_NAMESPACES: config.namespaces.join(',') }),
    ...config.env,
  };
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    {
      name: 'LEASE_NAMESPACE',
      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
    },
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
  ];
}
