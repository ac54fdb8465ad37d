import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ALERTS, prometheusRuleSpec } from '../src/alerts.ts';
import { renderInstall } from '../src/index.ts';
import { hasPromtool, promtool } from './promtool.ts';

const repository = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');

const series = (labels: string, values: string) => ({
  series: `cofferdam_condition{kind="PaymentVault",namespace="shop",name="payments",${labels}}`,
  values,
});

/** Unit tests in promtool's own format: what is seen, and which alert it fires when. */
const CASES = {
  rule_files: ['rules.yaml'],
  evaluation_interval: '1m',
  tests: [
    {
      interval: '1m',
      input_series: [
        series('condition="KeyBound",status="False",reason="KeyPendingDeletion"', '1x20'),
        { series: 'leader_election_master_status{name="cofferdam",pod="a"}', values: '1x20' },
        { series: 'leader_election_master_status{name="cofferdam",pod="b"}', values: '0x20' },
      ],
      alert_rule_test: [
        { eval_time: '1m', alertname: 'CofferdamVaultKeyLost', exp_alerts: [keyLost()] },
        { eval_time: '10m', alertname: 'CofferdamOperatorNotLeading', exp_alerts: [] },
      ],
    },
    {
      interval: '1m',
      input_series: [{ series: 'leader_election_master_status{name="cofferdam",pod="a"}', values: '0x20' }],
      promql_expr_test: [
        {
          expr: 'count(ALERTS{alertname="CofferdamOperatorNotLeading",alertstate="firing"})',
          eval_time: '10m',
          exp_samples: [{ labels: '{}', value: 1 }],
        },
      ],
    },
  ],
};

function keyLost() {
  const alert = ALERTS.find(({ name }) => name === 'CofferdamVaultKeyLost');
  return {
    exp_labels: {
      ...{ kind: 'PaymentVault', namespace: 'shop', name: 'payments', severity: 'critical' },
      ...{ condition: 'KeyBound', status: 'False', reason: 'KeyPendingDeletion' },
    },
    exp_annotations: {
      summary: 'PaymentVault shop/payments: KeyPendingDeletion.',
      description: `Next: ${alert?.next}`,
      runbook_url: `https://github.com/cofferdam/cofferdam/blob/main/docs/runbooks/${alert?.name}.md`,
    },
  };
}

describe('alerts', () => {
  test('are a PrometheusRule where the install asks for one, and nothing where it does not', () => {
    const config = parse(read('install/config.yaml'));
    const rendered = (prometheusRule: boolean) =>
      [
        ...renderInstall({
          directory: 'install',
          config: stringify({ operator: { ...config.operator, prometheusRule } }),
          release: read('install/release.yaml'),
        }).values(),
      ].filter((text) => text.includes('kind: PrometheusRule'));
    expect(rendered(false)).toEqual([]);
    const [rule] = rendered(true).map((text) => parse(text));
    expect(rule.spec).toEqual(JSON.parse(JSON.stringify(prometheusRuleSpec())));
  });

  test.skipIf(!hasPromtool())('are what promtool takes, and fire when they should', () => {
    const files = { 'rules.yaml': prometheusRuleSpec(), 'cases.yaml': CASES };
    expect(promtool(['check', 'rules', 'rules.yaml'], files)).toContain(`${ALERTS.length} rules found`);
    expect(promtool(['test', 'rules', 'cases.yaml'], files)).toContain('SUCCESS');
  });
});
