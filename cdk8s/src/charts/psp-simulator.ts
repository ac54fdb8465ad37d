import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { SIMULATOR_TLS_SECRET } from '../secret-names.ts';
import { simulatorPolicy } from './network-policies.ts';
import { restrictedContainer, restrictedNamespaceLabels, restrictedPod } from './pod-security.ts';
import { probes } from './probes.ts';
import { temporary } from './temporary.ts';

const NAME = 'psp-simulator';

/** The certificate of both protocols; connectors are told who vouches for it by `endpointCaRef`. */
const TLS_PATH = '/etc/cofferdam/tls';

/** One listener for us and one for each wire protocol that the simulator speaks. */
const PORTS = [
  { name: 'http', port: 8080 },
  { name: 'stripe', port: 8081 },
  { name: 'adyen', port: 8082 },
];

export interface PspSimulatorProps {
  readonly namespace: string;
  readonly image: string;
}

/** Stands in for the PSPs, in a namespace of its own: for connectors it is as far away as a real one. */
export class PspSimulator extends Chart {
  constructor(scope: Construct, id: string, { namespace, image }: PspSimulatorProps) {
    const selector = { 'app.kubernetes.io/name': NAME };
    super(scope, id, { labels: { ...selector, 'app.kubernetes.io/part-of': 'cofferdam' } });
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: { name: namespace, labels: restrictedNamespaceLabels },
    });
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name: NAME, namespace },
      spec: {
        replicas: 1,
        // In the operator's wave: Argo CD would wait for it as well.
        progressDeadlineSeconds: 120,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: { ...selector, 'app.kubernetes.io/part-of': 'cofferdam' } },
          spec: {
            automountServiceAccountToken: false,
            securityContext: restrictedPod,
            volumes: [
              { name: 'tls', secret: { secretName: SIMULATOR_TLS_SECRET, defaultMode: 0o440 } },
              temporary.volume,
            ],
            containers: [
              {
                name: NAME,
                image,
                args: ['serve'],
                env: [{ name: 'TLS_DIR', value: TLS_PATH }],
                volumeMounts: [{ name: 'tls', mountPath: TLS_PATH, readOnly: true }, temporary.mount],
                ports: PORTS.map(({ name, port }) => ({ name, containerPort: port })),
                securityContext: restrictedContainer,
                resources: {
                  requests: { cpu: k8s.Quantity.fromString('50m'), memory: k8s.Quantity.fromString('96Mi') },
                  limits: { memory: k8s.Quantity.fromString('256Mi') },
                },
                ...probes,
              },
            ],
          },
        },
      },
    });
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata: { name: NAME, namespace },
      spec: simulatorPolicy(
        selector,
        PORTS.filter(({ name }) => name !== 'http').map(({ port }) => port),
      ),
    });
    new k8s.KubeService(this, 'service', {
      metadata: { name: NAME, namespace },
      spec: {
        selector,
        ports: PORTS.map(({ name, port }) => ({ name, port, targetPort: k8s.IntOrString.fromNumber(port) })),
      },
    });
  }
}
