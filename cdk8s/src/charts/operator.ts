import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { prometheusRuleSpec } from '../alerts.ts';
import type { OperatorConfig } from '../config/operator-config.ts';
import type { Release } from '../config/release.ts';
import { operatorPolicy } from './network-policies.ts';
import { ownRules, workRules } from './operator-permissions.ts';
import { operatorPod, placement } from './operator-pod.ts';
import { restrictedNamespaceLabels } from './pod-security.ts';

const NAME = 'cofferdam-operator';
const GRANTEES = `${NAME}-grantees`;
/** `certificates`: where pods have their keys certified. */
const PORTS = { http: 8080, certificates: 8443 };
const RBAC = 'rbac.authorization.k8s.io';
const selector = { 'app.kubernetes.io/name': 'operator', 'app.kubernetes.io/instance': NAME };
const labels = { ...selector, 'app.kubernetes.io/part-of': 'cofferdam' };

export interface OperatorProps {
  readonly config: OperatorConfig;
  readonly release: Release;
}

/** The operator: identity, least permissions, and a Deployment of which one pod leads. */
export class Operator extends Chart {
  constructor(scope: Construct, id: string, { config, release }: OperatorProps) {
    super(scope, id, { labels });
    const { namespace } = config;
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: { name: namespace, labels: restrictedNamespaceLabels },
    });
    new k8s.KubeServiceAccount(this, 'service-account', {
      metadata: { name: NAME, namespace, annotations: config.serviceAccountAnnotations ?? {} },
    });
    this.addPermissions(config);
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata: { name: NAME, namespace },
      spec: operatorPolicy(selector, PORTS, config.network),
    });
    new k8s.KubeConfigMap(this, 'grantees', {
      metadata: { name: GRANTEES, namespace },
      data: { 'grantees.json': `${JSON.stringify(config.grantees, null, 2)}\n` },
    });
    new k8s.KubeService(this, 'service', {
      metadata: { name: NAME, namespace },
      spec: {
        selector,
        ports: Object.entries(PORTS).map(([name, port]) => ({
          name,
          port,
          targetPort: k8s.IntOrString.fromNumber(port),
        })),
      },
    });
    this.addMonitoring(config);
    new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: { name: NAME, namespace },
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels: selector },
        // A pod that never gets ready must not hold up the drain of its node.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });
    this.addDeployment(config, release);
  }

  private addDeployment(config: OperatorConfig, release: Release): void {
    const { namespace, replicas } = config;
    const pod = operatorPod({ config, release, name: NAME, selector, ports: PORTS, grantees: GRANTEES });
    new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name: NAME, namespace },
      spec: {
        replicas,
        // Argo CD waits until then for a release that does not start, before it looks for a newer commit. A pod has a
        // minute to start (startupProbe).
        progressDeadlineSeconds: 120,
        selector: { matchLabels: selector },
        template: { metadata: { labels }, spec: pod },
      },
    }).addJsonPatch(...placement(config));
  }

  /** What the Prometheus operator takes, where the cluster has its kinds. */
  private addMonitoring({ namespace, prometheusRule, serviceMonitor }: OperatorConfig): void {
    const add = (kind: string, spec: object, ofItsOwn: Record<string, string> = {}) => {
      const metadata = { name: NAME, namespace, labels: ofItsOwn };
      const props = { apiVersion: 'monitoring.coreos.com/v1', kind, metadata };
      new ApiObject(this, kind, props).addJsonPatch(JsonPatch.add('/spec', spec));
    };
    if (prometheusRule) add('PrometheusRule', prometheusRuleSpec());
    if (serviceMonitor === undefined) return;
    const interval = `${serviceMonitor.intervalSeconds ?? 30}s`;
    // The namespace of cofferdam_condition is the resource's, and has to stay it: alerts and dashboards name it.
    const endpoints = [{ port: 'http', path: '/metrics', interval, honorLabels: true }];
    add('ServiceMonitor', { selector: { matchLabels: selector }, endpoints }, serviceMonitor.labels);
  }

  /** With namespaces, nothing of the cluster as a whole: a Role in each, which whoever owns them can read and refuse. */
  private addPermissions({ namespace, namespaces }: OperatorConfig): void {
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }];
    const add = (id: string, metadata: { name: string; namespace: string }, rules: k8s.PolicyRule[]) => {
      new k8s.KubeRole(this, id, { metadata, rules });
      const roleRef = { apiGroup: RBAC, kind: 'Role', name: metadata.name };
      new k8s.KubeRoleBinding(this, `${id}-binding`, { metadata, roleRef, subjects });
    };
    add('role', { name: NAME, namespace }, ownRules);
    if (namespaces !== undefined) {
      for (const one of namespaces) add(`work-${one}`, { name: `${NAME}-work`, namespace: one }, workRules);
      return;
    }
    new k8s.KubeClusterRole(this, 'cluster-role', { metadata: { name: NAME }, rules: workRules });
    new k8s.KubeClusterRoleBinding(this, 'cluster-role-binding', {
      metadata: { name: NAME },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: NAME },
      subjects,
    });
  }
}
