import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ATTRIBUTES, CARD_NUMBERS } from '../src/collector/redaction.ts';
import { renderEnvironment } from '../src/index.ts';
import { documentedMetrics } from './documented-metrics.ts';
import { hasPromtool, promtool } from './promtool.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../environments/staging/${name}`, import.meta.url), 'utf8');

/** Members as the components' own documentation has them (collector and contrib 0.130 and later), and no other. */
const Config = z.strictObject({
  receivers: z.strictObject({
    prometheus: z.strictObject({ config: z.strictObject({ scrape_configs: z.array(z.looseObject({})) }) }),
  }),
  processors: z.strictObject({
    memory_limiter: z.strictObject({
      check_interval: z.string(),
      limit_percentage: z.int().max(100),
      spike_limit_percentage: z.int().max(100),
    }),
    redaction: z.strictObject({
      allow_all_keys: z.boolean(),
      allowed_keys: z.array(z.string()),
      blocked_values: z.array(z.string()),
      summary: z.enum(['debug', 'info', 'silent']),
    }),
    batch: z.strictObject({}),
  }),
  exporters: z.strictObject({
    otlphttp: z.strictObject({ endpoint: z.url(), headers: z.record(z.string(), z.string()).optional() }),
  }),
  extensions: z.strictObject({ health_check: z.strictObject({ endpoint: z.string() }) }),
  service: z.strictObject({
    extensions: z.array(z.string()),
    pipelines: z.record(
      z.string(),
      z.strictObject({
        receivers: z.array(z.string()),
        processors: z.array(z.string()),
        exporters: z.array(z.string()),
      }),
    ),
  }),
});

const COLLECTOR = {
  endpoint: 'https://otlp.acme.example:4318',
  authorizationSecretRef: { name: 'otlp', key: 'authorization' },
};

function render(collector: object | undefined) {
  const config = { ...parse(read('config.yaml')) };
  config.observability = { ...config.observability, ...(collector === undefined ? {} : { collector }) };
  const files = renderEnvironment({
    directory: 'environments/staging',
    config: JSON.stringify(config),
    release: read('release.yaml'),
  });
  return [...files].map(([name, text]) => ({ name, manifest: parse(text, { version: '1.1' }) }));
}

let rendered: ReturnType<typeof render>;
let spec: z.infer<typeof Spec>;
const Spec = z.looseObject({
  config: Config,
  env: z.unknown(),
  volumes: z.unknown(),
  volumeMounts: z.unknown(),
  securityContext: z.unknown(),
});
beforeAll(() => {
  rendered = render(COLLECTOR);
  spec = Spec.parse(
    rendered.find(({ manifest }) => manifest.kind === 'OpenTelemetryCollector')?.manifest.spec,
  );
});

describe('the collector', () => {
  test('is there where it is asked for, and nothing of it where it is not', () => {
    const ofCollector = (all: ReturnType<typeof render>) =>
      all.map(({ name }) => name).filter((name) => name.includes('cofferdam-collector'));
    expect(ofCollector(render(undefined))).toEqual([]);
    expect(ofCollector(rendered)).toEqual([
      '20-serviceaccount.payments-staging.cofferdam-collector.yaml',
      '30-role.cofferdam-system.cofferdam-collector.yaml',
      '30-role.payments-staging.cofferdam-collector.yaml',
      '40-rolebinding.cofferdam-system.cofferdam-collector.yaml',
      '40-rolebinding.payments-staging.cofferdam-collector.yaml',
      '45-networkpolicy.payments-staging.cofferdam-collector.yaml',
      '80-opentelemetrycollector.payments-staging.cofferdam-collector.yaml',
    ]);
  });

  test('may look for pods to scrape, in two namespaces, and do nothing else', () => {
    const roles = rendered.filter(
      ({ name, manifest }) => manifest.kind === 'Role' && name.includes('collector'),
    );
    for (const { manifest } of roles) {
      expect(manifest.rules).toEqual([
        { apiGroups: [''], resources: ['services', 'pods'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
      ]);
    }
  });

  test('reaches what it scrapes, the API server, names and its endpoint, and nobody reaches it', () => {
    const policy = rendered.find(
      ({ name }) => name === '45-networkpolicy.payments-staging.cofferdam-collector.yaml',
    );
    const { ingress, egress, podSelector, policyTypes } = policy?.manifest.spec ?? {};
    expect([policyTypes, ingress, podSelector.matchLabels]).toEqual([
      ['Ingress', 'Egress'],
      [],
      {
        'app.kubernetes.io/component': 'opentelemetry-collector',
        'app.kubernetes.io/instance': 'payments-staging.cofferdam-collector',
      },
    ]);
    const ports = egress.map((rule: { to?: object[]; ports: { port: number }[] }) => [
      rule.to === undefined ? 'any address' : 'pods',
      rule.ports.map(({ port }) => port),
    ]);
    expect(ports).toEqual([
      ['pods', [8080]],
      ['pods', [8080]],
      ['any address', [443, 6443, 4318]],
      ['pods', [53, 53]],
    ]);
  });

  test('names only components that it has', () => {
    const { service, ...components } = spec.config;
    expect(service.extensions).toEqual(Object.keys(components.extensions));
    for (const pipeline of Object.values(service.pipelines)) {
      for (const kind of ['receivers', 'processors', 'exporters'] as const) {
        expect(pipeline[kind]).toEqual(Object.keys(components[kind]));
      }
    }
  });

  test('removes every attribute but the labels of docs/metrics.md and what names a target', () => {
    const { redaction } = spec.config.processors;
    expect([redaction.allow_all_keys, redaction.allowed_keys]).toEqual([false, [...ATTRIBUTES]]);
    const labels = documentedMetrics()
      .filter(({ name }) => !name.includes(':'))
      .flatMap((metric) => metric.labels);
    expect([...new Set(labels)].filter((label) => !redaction.allowed_keys.includes(label))).toEqual([]);
  });

  test('masks what looks like a card number, and no id, time or name of ours', () => {
    const masks = (text: string) => CARD_NUMBERS.some((expression) => new RegExp(expression).test(text));
    for (const number of [
      '4242424242424242',
      '3782 822463 10005',
      '4000-0000-0000-9995',
      'x6011000990139424y',
    ]) {
      expect([number, masks(number)]).toEqual([number, true]);
    }
    for (const text of [
      'payments-vault-5c9f7d8b6-x2x4z',
      '2026-11-23T00:00:00Z',
      '10.20.30.40:8080',
      '1795392000',
    ])
      expect([text, masks(text)]).toEqual([text, false]);
  });

  test('scrapes each Service over TLS by its own name, with the labels that rules and dashboards look for', () => {
    const scrapes = spec.config.receivers.prometheus.config.scrape_configs;
    expect(scrapes.map(({ job_name, scheme, tls_config }) => [job_name, scheme, tls_config])).toEqual([
      ...['payments-vault', 'payments-router', 'stripe-connector', 'adyen-connector'].map((name) => [
        name,
        'https',
        { server_name: `${name}.payments-staging.svc`, ca_file: '/etc/cofferdam/ca/ca.crt' },
      ]),
      ['cofferdam-operator', 'http', undefined],
    ]);
    expect([spec.volumes, spec.volumeMounts]).toEqual([
      [{ name: 'ca', configMap: { name: 'payments-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }],
      [{ name: 'ca', mountPath: '/etc/cofferdam/ca', readOnly: true }],
    ]);
  });

  test('takes what the endpoint wants as authorization from a Secret', () => {
    expect(spec.config.exporters.otlphttp).toEqual({
      endpoint: 'https://otlp.acme.example:4318',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the collector puts the variable in
      headers: { authorization: '${env:OTLP_AUTHORIZATION}' },
    });
    expect(spec.env).toEqual([
      {
        name: 'OTLP_AUTHORIZATION',
        valueFrom: { secretKeyRef: { name: 'otlp', key: 'authorization' } },
      },
    ]);
  });

  test.skipIf(!hasPromtool())('has scrape configurations that Prometheus takes', () => {
    const caFile = join(tmpdir(), `cofferdam-collector-ca-${process.pid}.pem`);
    writeFileSync(caFile, '');
    // Debian's promtool is built without discovery in Kubernetes: of that, the role and the namespaces are what is left.
    const scrape_configs = spec.config.receivers.prometheus.config.scrape_configs.map(
      ({ kubernetes_sd_configs, ...scrape }) => {
        expect(kubernetes_sd_configs).toEqual([
          {
            role: 'endpointslice',
            namespaces: { names: [expect.stringMatching(/^(payments-staging|cofferdam-system)$/)] },
          },
        ]);
        return { ...scrape, static_configs: [{ targets: ['127.0.0.1:8080'] }] };
      },
    );
    const text = JSON.stringify({ scrape_configs });
    const files = { 'prometheus.yaml': JSON.parse(text.replaceAll('/etc/cofferdam/ca/ca.crt', caFile)) };
    expect(promtool(['check', 'config', 'prometheus.yaml'], files)).toContain('is valid prometheus config');
    rmSync(caFile);
  });

  test('is refused with an image by tag, or an endpoint that is no URL', () => {
    expect(() => render({ ...COLLECTOR, image: 'otel/opentelemetry-collector-contrib:latest' })).toThrow(
      'observability.collector.image: expected an image by digest',
    );
    expect(() => render({ ...COLLECTOR, endpoint: 'otlp.acme.example:4318' })).toThrow(
      'observability.collector.endpoint',
    );
  });
});
