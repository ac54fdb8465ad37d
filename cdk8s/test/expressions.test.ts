import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { prometheusRuleSpec } from '../src/alerts.ts';
import { renderEnvironment } from '../src/index.ts';
import { problemsOf } from './promql.ts';
import { hasPromtool, promtool } from './promtool.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const Rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ expr: z.string() })) })) });
const Panel = z.object({
  title: z.string(),
  type: z.string(),
  id: z.int(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() })).default([]),
});
const Dashboard = z.object({ uid: z.string().max(40), title: z.string(), panels: z.array(Panel) });
const Manifest = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.unknown().optional(),
});

function render(environment: string) {
  const directory = `environments/${environment}`;
  const read = (name: string) => readFileSync(join(root, directory, name), 'utf8');
  const files = renderEnvironment({ directory, config: read('config.yaml'), release: read('release.yaml') });
  return [...files.values()].map((text) => Manifest.parse(parse(text, { version: '1.1' })));
}

let staging: z.infer<typeof Manifest>[];
beforeAll(() => {
  staging = render('staging');
});

const dashboards = (manifests = staging) =>
  manifests
    .filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1')
    .flatMap(({ data = {} }) => Object.values(data).map((text) => Dashboard.parse(JSON.parse(text))));
const targets = () =>
  dashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.map((target) => ({ ...target, where: `${title}: ${panel.title}` })),
    ),
  );
const rules = () =>
  staging
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => Rules.parse(spec).groups.flatMap((group) => group.rules));

describe('expressions', () => {
  test('of alerts and recorded series name metrics and labels that docs/metrics.md has', () => {
    const own = Rules.parse(prometheusRuleSpec()).groups.flatMap((group) => group.rules);
    expect(own.length).toBeGreaterThan(10);
    expect(rules().length).toBeGreaterThan(own.length + 50);
    expect([...own, ...rules()].flatMap(({ expr }) => problemsOf(expr))).toEqual([]);
  });

  test('of dashboards name metrics and labels that docs/metrics.md has', () => {
    expect(targets().length).toBeGreaterThan(60);
    const wrong = targets().flatMap(({ where, expr, legendFormat }) =>
      problemsOf(expr, legendFormat).map((problem) => `${where}: ${problem}`),
    );
    expect(wrong).toEqual([]);
  });

  test('of runbooks name metrics and labels that docs/metrics.md has', () => {
    const directory = join(root, 'docs/runbooks');
    const blocks = readdirSync(directory).flatMap((page) =>
      [...readFileSync(join(directory, page), 'utf8').matchAll(/^```promql\n([\s\S]*?)^```/gm)].flatMap(
        ([, text = '']) =>
          text
            .trim()
            .split('\n')
            .map((expr) => ({ page, expr })),
      ),
    );
    expect(blocks.length).toBeGreaterThan(5);
    const wrong = blocks.flatMap(({ page, expr }) =>
      problemsOf(expr).map((problem) => `${page}: ${problem}`),
    );
    expect(wrong).toEqual([]);
  });

  test('that are wrong are found', () => {
    expect(problemsOf('sum(rate(up[5m])')).toEqual(['does not parse: sum(rate(up[5m])']);
    expect(problemsOf('cofferdam_payment_total')).toEqual(['no metric cofferdam_payment_total']);
    expect(problemsOf('cofferdam_payments_total{outcome="captured"}')).toEqual([
      'cofferdam_payments_total has no label outcome',
    ]);
    expect(problemsOf('sum by (provider) (cofferdam_payments_total)')).toEqual([
      'sum by (provider) (cofferdam_payments_total) has no label provider',
    ]);
    expect(problemsOf('up / on (slo) up')).toEqual(['up / on (slo) up has no label slo']);
    expect(problemsOf('workqueue_depth', '{{name}} {{kind}}')).toEqual(['workqueue_depth has no label kind']);
    expect(problemsOf('cofferdam_psp_request_duration_seconds')).toEqual([
      'no metric cofferdam_psp_request_duration_seconds',
    ]);
  });

  test.skipIf(!hasPromtool())('of dashboards are what Prometheus takes', () => {
    const inGrafana = targets().map(({ expr }, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const files = { 'rules.yaml': { groups: [{ name: 'dashboards', rules: inGrafana }] } };
    expect(promtool(['check', 'rules', 'rules.yaml'], files)).toContain(`${inGrafana.length} rules found`);
  });
});

describe('dashboards', () => {
  test('are those of the vault, of payments with each connector, of the operator, and of objectives', () => {
    expect(dashboards().map(({ uid }) => uid)).toEqual(
      ['objectives', 'operator', 'payments', 'vault'].map((name) => `cofferdam-staging-${name}`),
    );
    const payments = dashboards().find(({ uid }) => uid.endsWith('payments'));
    const rows = payments?.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual(['Payments', 'API of the router', 'Connector stripe', 'Connector adyen']);
  });

  test('can stand beside those of another environment in one Grafana', () => {
    const uids = [...dashboards(), ...dashboards(render('prod'))].map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(8);
  });

  test('have panels with ids of their own, none of which covers another', () => {
    for (const { panels } of dashboards()) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
  });
});
