import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import { dashboardsOf } from '../dashboards/dashboards.ts';
import { dashboardJson } from '../dashboards/panels.ts';
import { sloRuleSpec } from '../slo/rules.ts';
import { type Scope, slosOf } from '../slo/slos.ts';
import { addCollector } from './collector.ts';

const NAME = 'cofferdam-slos';

export interface ObservabilityProps {
  readonly config: EnvironmentConfig;
  /** `staging` of `environments/staging`. */
  readonly environment: string;
}

/** By this label Grafana's sidecar finds dashboards. */
const DASHBOARD_LABEL = { grafana_dashboard: '1' };

/** What watches an environment: alerts on its objectives, dashboards, a collector. */
export class Observability extends Chart {
  constructor(scope: Construct, id: string, { config, environment }: ObservabilityProps) {
    super(scope, id, { labels: { 'app.kubernetes.io/part-of': 'cofferdam' } });
    const { namespace, slos, observability } = config;
    const where: Scope = { environment, namespace, vault: config.vault.name };
    if (observability?.prometheusRules && slos !== undefined) {
      new ApiObject(this, 'rules', {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PrometheusRule',
        metadata: { name: NAME, namespace, labels: observability.labels ?? {} },
      }).addJsonPatch(JsonPatch.add('/spec', sloRuleSpec(slosOf(slos, where), where)));
    }
    for (const content of observability?.dashboards ? dashboardsOf(config, where) : []) {
      new k8s.KubeConfigMap(this, `dashboard-${content.name}`, {
        metadata: { name: `cofferdam-dashboard-${content.name}`, namespace, labels: DASHBOARD_LABEL },
        data: { [`cofferdam-${environment}-${content.name}.json`]: dashboardJson(environment, content) },
      });
    }
    if (observability?.collector !== undefined) addCollector(this, config, observability.collector);
  }
}
