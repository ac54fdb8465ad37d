import { runbookUrl } from '../alerts.ts';
import { BURN_RATES, type BurnRate, burnFactor, errorBudget, WINDOWS, type Window } from './burn-rates.ts';
import { NOT_MEASURED, SLO_ALERTS } from './slo-alerts.ts';
import { type Scope, type Slo, VIOLATION } from './slos.ts';

/** Recorded: the share that an objective asks for, 0 to 1. There as long as Prometheus has the rules. */
export const OBJECTIVE = 'cofferdam:slo_objective:ratio';

/** Recorded: the share that was bad, 0 to 1. */
export const errorsOver = (window: Window): string => `cofferdam:slo_errors:ratio_rate${window}`;

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** `spec` of a PrometheusRule (monitoring.coreos.com/v1): one group for each objective, what is recorded first. */
export function sloRuleSpec(slos: readonly Slo[], scope: Scope): { groups: RuleGroup[] } {
  return {
    groups: slos.map((slo) => ({
      name: `cofferdam-slo-${scope.environment}-${slo.name}`,
      rules: rulesOf(slo, scope),
    })),
  };
}

function rulesOf(slo: Slo, { environment, namespace }: Scope): Rule[] {
  const labels = { environment, namespace, slo: slo.name };
  const { violation } = slo;
  return [
    { record: OBJECTIVE, expr: `vector(1 - ${errorBudget(slo.objectivePercent)})`, labels },
    ...(violation === undefined ? [] : [{ record: VIOLATION, expr: violation, labels }]),
    ...WINDOWS.map((window) => ({ record: errorsOver(window), expr: slo.errors(window), labels })),
    ...(['critical', 'warning'] as const).map((severity) => burnAlert(slo, { ...labels, severity })),
    {
      alert: NOT_MEASURED,
      expr: slo.needs.map((series) => `absent_over_time(${series}[10m])`).join(' or '),
      for: '5m',
      labels: { ...labels, severity: 'warning' },
      annotations: {
        summary: `Nothing measures the objective ${slo.name} of ${environment}.`,
        description:
          'Its alerts cannot fire. Next: look at the targets of Prometheus: whether it scrapes the pods, and what they answer.',
        runbook_url: runbookUrl(NOT_MEASURED),
      },
    },
  ];
}

/** One alert for both windows of a severity: two that say the same at once help nobody. */
function burnAlert(slo: Slo, labels: { severity: BurnRate['severity']; environment: string }): Rule {
  const { summary, next } = SLO_ALERTS[slo.alert];
  const rates = BURN_RATES.filter(({ severity }) => severity === labels.severity);
  return {
    alert: slo.alert,
    expr: rates.map((rate) => burns(slo, rate, labels.environment)).join('\nor\n'),
    labels,
    annotations: {
      summary: `${summary} (${labels.environment})`,
      description: `{{ $value | humanizePercentage }} were bad; ${slo.objectivePercent} % over ${slo.windowDays} days is the objective (${slo.good}). ${rates.map(paceOf).join(', or ')}. Next: ${next}`,
      runbook_url: runbookUrl(slo.alert),
    },
  };
}

function burns(slo: Slo, rate: BurnRate, environment: string): string {
  const limit = `${burnFactor(rate, slo.windowDays)} * ${errorBudget(slo.objectivePercent)}`;
  const above = (window: Window) =>
    `${errorsOver(window)}{environment="${environment}",slo="${slo.name}"} > ${limit}`;
  return `(${above(rate.long)} and ${above(rate.short)})`;
}

const paceOf = ({ budgetPercent, long }: BurnRate): string =>
  `${budgetPercent} % of the error budget or more went within ${long}`;
