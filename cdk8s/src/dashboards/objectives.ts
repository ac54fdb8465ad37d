import { BURN_RATES, burnFactor, DEFAULT_WINDOW_DAYS } from '../slo/burn-rates.ts';
import { errorsOver, OBJECTIVE } from '../slo/rules.ts';
import type { Scope } from '../slo/slos.ts';
import type { DashboardContent } from './panels.ts';

/** How fast each error budget goes, over the windows that alerts look at. */
export function objectivesDashboard(
  { environment }: Scope,
  windowDays: number = DEFAULT_WINDOW_DAYS,
): DashboardContent {
  const selector = `environment="${environment}"`;
  return {
    name: 'objectives',
    title: 'Objectives',
    description: `How fast error budgets go. At 1 a budget lasts exactly the ${windowDays} days of its objective.`,
    rows: [
      {
        title: 'Burn rates',
        graphs: BURN_RATES.map((rate) => ({
          title: `Burn rate over ${rate.long}`,
          unit: 'short' as const,
          description: `Above ${burnFactor(rate, windowDays)} here and over ${rate.short}: ${rate.severity === 'critical' ? 'a page' : 'a ticket'}.`,
          queries: [
            {
              expr: `${errorsOver(rate.long)}{${selector}} / (1 - ${OBJECTIVE}{${selector}})`,
              legend: '{{slo}}',
            },
          ],
        })),
      },
      {
        title: 'Alerts',
        graphs: [
          {
            title: 'Firing',
            unit: 'short',
            queries: [
              {
                expr: `count by (alertname, severity, slo) (ALERTS{${selector},alertstate="firing"})`,
                legend: '{{severity}} {{alertname}} {{slo}}',
              },
            ],
          },
        ],
      },
    ],
  };
}
