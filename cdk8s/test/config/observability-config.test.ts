import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderEnvironment } from '../../src/index.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../../environments/staging/${name}`, import.meta.url), 'utf8');
const directory = 'environments/staging';
const rendered = (config: object) =>
  renderEnvironment({ directory, config: JSON.stringify(config), release: read('release.yaml') });
const staging = (): {
  vault: { kafka?: object; observability?: object; network: { telemetry?: object } };
  slos?: object;
  observability?: { prometheusRules: boolean; dashboards: boolean; labels?: object };
} => parse(read('config.yaml'));
const RULES = '80-prometheusrule.payments-staging.cofferdam-slos.yaml';

describe('observability of an environment', () => {
  test('is one PrometheusRule with the labels by which Prometheus selects, and none where it is not wanted', () => {
    const config = staging();
    const labels = { release: 'prometheus' };
    config.observability = { prometheusRules: true, dashboards: false, labels };
    const rule = parse(rendered(config).get(RULES) ?? '');
    expect([rule.apiVersion, rule.kind, rule.metadata.labels]).toEqual([
      'monitoring.coreos.com/v1',
      'PrometheusRule',
      expect.objectContaining(labels),
    ]);
    expect(rule.spec.groups.map(({ name }: { name: string }) => name)).toEqual([
      'cofferdam-slo-staging-vault-availability',
      'cofferdam-slo-staging-router-availability',
      'cofferdam-slo-staging-vault-latency',
      'cofferdam-slo-staging-router-latency',
      'cofferdam-slo-staging-outbox-lag',
      'cofferdam-slo-staging-unknown-age',
    ]);
    config.observability = { prometheusRules: false, dashboards: false };
    expect(rendered(config).has(RULES)).toBe(false);
  });

  test.each([
    [
      'slos',
      (config: ReturnType<typeof staging>) => delete config.slos,
      'has nothing to render without slos',
    ],
    [
      'a ServiceMonitor',
      (config: ReturnType<typeof staging>) => delete config.vault.observability,
      'observability.prometheusRules: needs vault.observability.serviceMonitor: without it Prometheus has no series',
    ],
    [
      'a way in for Prometheus',
      (config: ReturnType<typeof staging>) => delete config.vault.network.telemetry,
      'observability.prometheusRules: needs vault.network.telemetry.from: the NetworkPolicies let nobody else scrape',
    ],
    [
      'a way in for the collector',
      (config: ReturnType<typeof staging>) => {
        const collector = { endpoint: 'https://otlp.acme.example:4318' };
        config.observability = { prometheusRules: false, dashboards: false, ...{ collector } };
        delete config.vault.network.telemetry;
      },
      'observability.collector: needs vault.network.telemetry.from: the NetworkPolicies let nobody else scrape',
    ],
    [
      'a broker to be late at',
      (config: ReturnType<typeof staging>) => delete config.vault.kafka,
      'slos.outboxLag: has nothing to measure without vault.kafka',
    ],
  ])('is refused without %s, because its alerts would be silent for ever', (_what, without, message) => {
    const config = staging();
    without(config);
    expect(() => rendered(config)).toThrow(message);
  });
});
