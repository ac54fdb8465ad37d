import type { EnvironmentConfig } from '../config/environment-config.ts';
import type { Scope } from '../slo/slos.ts';
import { objectivesDashboard } from './objectives.ts';
import { operatorDashboard } from './operator.ts';
import type { DashboardContent } from './panels.ts';
import { paymentsDashboard } from './payments.ts';
import { vaultDashboard } from './vault.ts';

/** Those of an environment: the operator's only where it has one of its own, objectives where it evaluates any. */
export function dashboardsOf(config: EnvironmentConfig, scope: Scope): DashboardContent[] {
  const { operator, slos, observability } = config;
  return [
    vaultDashboard(scope),
    paymentsDashboard(
      scope,
      config.connectors.map(({ name }) => name),
    ),
    ...(operator === undefined ? [] : [operatorDashboard(operator.namespace)]),
    ...(slos === undefined || !observability?.prometheusRules
      ? []
      : [objectivesDashboard(scope, slos.windowDays)]),
  ];
}
