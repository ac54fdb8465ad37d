import { DURATION_BUCKETS_SECONDS } from '@cofferdam/contracts';
import { describe, expect, test } from 'vitest';
import { BURN_RATES, burnFactor } from '../../src/slo/burn-rates.ts';
import { errorsOver, sloRuleSpec } from '../../src/slo/rules.ts';
import { SLO_ALERT_NAMES } from '../../src/slo/slo-alerts.ts';
import { slosOf } from '../../src/slo/slos.ts';
import { SCOPE, SLOS } from './fixture.ts';

const rulesWith = (slos: typeof SLOS) =>
  sloRuleSpec(slosOf(slos, SCOPE), SCOPE).groups.flatMap(({ rules }) => rules);
const alerts = rulesWith(SLOS).filter(({ alert }) => alert !== undefined);

describe('burn rates', () => {
  test("are those of the SRE Workbook's table with thirty days", () => {
    expect(BURN_RATES.map((rate) => [rate.severity, rate.long, rate.short, burnFactor(rate, 30)])).toEqual([
      ['critical', '1h', '5m', 14.4],
      ['critical', '6h', '30m', 6],
      ['warning', '1d', '2h', 3],
      ['warning', '3d', '6h', 1],
    ]);
  });

  test('grow with the window, so that the same share of the budget goes', () => {
    expect(BURN_RATES.map((rate) => burnFactor(rate, 60))).toEqual([28.8, 12, 6, 2]);
  });
});

describe('the rules of objectives', () => {
  test('page and open a ticket in both pairs of windows', () => {
    const [page, ticket] = alerts.filter(({ alert }) => alert === 'CofferdamVaultAvailabilityBurn');
    const errors = (window: Parameters<typeof errorsOver>[0]) =>
      `${errorsOver(window)}{environment="staging",slo="vault-availability"}`;
    expect(page).toEqual({
      alert: 'CofferdamVaultAvailabilityBurn',
      expr: `(${errors('1h')} > 14.4 * 0.0005 and ${errors('5m')} > 14.4 * 0.0005)
or
(${errors('6h')} > 6 * 0.0005 and ${errors('30m')} > 6 * 0.0005)`,
      labels: {
        ...{ environment: 'staging', namespace: 'payments-staging', slo: 'vault-availability' },
        severity: 'critical',
      },
      annotations: {
        summary:
          'The vault answers too many requests with a 5xx: cards are not stored or not charged. (staging)',
        description: expect.stringMatching(
          /99\.95 % over 30 days is the objective .* 2 % of the error budget or more went within 1h.* Next: Look which route/,
        ),
        runbook_url:
          'https://github.com/cofferdam/cofferdam/blob/main/docs/runbooks/CofferdamVaultAvailabilityBurn.md',
      },
    });
    expect([ticket?.labels['severity'], ticket?.expr]).toEqual([
      'warning',
      expect.stringMatching(/ratio_rate1d.* > 3 \* .*ratio_rate2h.*\nor\n.*ratio_rate3d.*ratio_rate6h/),
    ]);
  });

  test('have every alert that there is a page for, each with where to read on and what to do next', () => {
    expect([...new Set(alerts.map(({ alert }) => alert))].toSorted()).toEqual(SLO_ALERT_NAMES.toSorted());
    for (const { alert, labels, annotations } of alerts) {
      expect(labels).toMatchObject({
        severity: expect.stringMatching(/^(critical|warning)$/),
        slo: expect.any(String),
      });
      expect(annotations?.['description']).toContain('Next: ');
      expect(annotations?.['runbook_url']).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
    }
  });

  test('leave out what nobody promised', () => {
    const { unknownAge } = SLOS;
    expect([...new Set(rulesWith({ unknownAge }).map(({ labels }) => labels['slo']))]).toEqual([
      'unknown-age',
    ]);
    expect(rulesWith({})).toEqual([]);
  });

  test('measure a latency by a bucket that the services have, as Prometheus 2 and 3 write it', () => {
    const boundOf = (thresholdMilliseconds: number) => {
      const [slo] = slosOf({ latency: { vault: { objectivePercent: 99, thresholdMilliseconds } } }, SCOPE);
      const [, operator, value] = /,le(=~?)"([^"]*)"/.exec(slo?.errors('5m') ?? '') ?? [];
      const pattern = JSON.parse(`"${value}"`);
      return (text: string) =>
        operator === '=' ? text === pattern : new RegExp(`^(${pattern})$`).test(text);
    };
    for (const seconds of DURATION_BUCKETS_SECONDS) {
      const matches = boundOf(seconds * 1000);
      expect(matches(String(seconds))).toBe(true);
      if (Number.isInteger(seconds)) expect(matches(`${seconds}.0`)).toBe(true);
      expect(DURATION_BUCKETS_SECONDS.filter((other) => matches(String(other)))).toEqual([seconds]);
    }
  });
});
