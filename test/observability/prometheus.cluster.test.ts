import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectorConfig } from '../../cdk8s/src/collector/collector-config.ts';
import { sloRuleSpec } from '../../cdk8s/src/slo/rules.ts';
import { slosOf } from '../../cdk8s/src/slo/slos.ts';
import { createTestTls, type TestTls } from '../../devcluster/src/testing/index.ts';
import {
  createApp,
  createLogger,
  createMetrics,
  ProblemError,
  Readiness,
} from '../../services/runtime/src/index.ts';

function hasPrometheus(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('prometheus is not installed: nothing scrapes a service, and no alert fires, in this test');
    return false;
  }
}

const SCOPE = { environment: 'staging', namespace: 'payments-staging', vault: 'payments' };
const slos = slosOf(
  {
    availability: { vault: { objectivePercent: 99.95 } },
    latency: { vault: { objectivePercent: 99, thresholdMilliseconds: 1000 } },
  },
  SCOPE,
);

/** A service as the vault is one, but for what its routes do: every other request ends in a 503. */
async function startService(tls: TestTls) {
  const app = createApp({
    ...{ logger: createLogger({ service: 'vault', level: 'fatal' }), metrics: createMetrics() },
    ...{ readiness: new Readiness(), tls: tls.credentials },
  });
  let requests = 0;
  app.get('/v1/tokens/:id', { config: { access: 'public' } }, async () => {
    if (requests++ % 2 === 0) throw new ProblemError('database_unavailable');
    return { ok: true };
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, address: new URL(url).host, close: () => app.close() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What discovery in Kubernetes says of a pod of the Service. */
const discovered = (service: string, address: string) => ({
  targets: [address],
  labels: {
    __meta_kubernetes_service_name: service,
    __meta_kubernetes_endpointslice_port_name: 'https',
    __meta_kubernetes_namespace: SCOPE.namespace,
    __meta_kubernetes_pod_name: `${service}-0`,
    __meta_kubernetes_pod_container_name: 'vault',
  },
});

describe.skipIf(!hasPrometheus())('Prometheus', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-prometheus-'));
  let tls: TestTls;
  let service: Awaited<ReturnType<typeof startService>>;
  let prometheus: ChildProcess;
  let base: string;

  beforeAll(async () => {
    tls = await createTestTls(['payments-vault.payments-staging.svc']);
    service = await startService(tls);
    const names = ['payments-vault', 'somebody-else'];
    const { receivers } = collectorConfig({
      services: names.map((name) => ({
        ...{ name, namespace: SCOPE.namespace, port: 'https' },
        caFile: tls.caFile,
      })),
      ...{ intervalSeconds: 1, endpoint: 'http://127.0.0.1:4318' },
    });
    const scrape_configs = receivers.prometheus.config.scrape_configs.map(
      ({ kubernetes_sd_configs: _, ...scrape }) => ({
        ...scrape,
        static_configs: names.map((name) => discovered(name, service.address)),
      }),
    );
    const write = (name: string, content: object) =>
      writeFileSync(join(directory, name), JSON.stringify(content));
    write('rules.yaml', sloRuleSpec(slos, SCOPE));
    write('prometheus.yaml', {
      global: { evaluation_interval: '1s' },
      ...{ rule_files: ['rules.yaml'], scrape_configs },
    });
    const port = await freePort();
    base = `http://127.0.0.1:${port}/api/v1`;
    prometheus = spawn(
      'prometheus',
      [`--web.listen-address=127.0.0.1:${port}`, '--config.file=prometheus.yaml', '--storage.tsdb.path=data'],
      { cwd: directory, stdio: 'ignore' },
    );
  });
  afterAll(async () => {
    prometheus.kill('SIGKILL');
    await service.close();
    tls.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  type Sample = { metric: Record<string, string>; value: [number, string] };
  const query = async (expression: string): Promise<Sample[]> => {
    const answer = await fetch(`${base}/query?query=${encodeURIComponent(expression)}`).catch(
      () => undefined,
    );
    return answer?.ok ? ((await answer.json()) as { data: { result: Sample[] } }).data.result : [];
  };
  type Rule = { name: string; state: string; labels: Record<string, string> };
  const firing = async () => {
    const answer = (await (await fetch(`${base}/rules?type=alert`)).json()) as {
      data: { groups: { rules: Rule[] }[] };
    };
    const rules = answer.data.groups.flatMap((group) => group.rules);
    return rules.filter(({ state }) => state === 'firing').map(({ name, labels }) => ({ name, ...labels }));
  };
  const settled = { timeout: 30_000, interval: 300 };

  it('scrapes a pod over TLS, by the name of its Service and no other', async () => {
    const up = async () =>
      Object.fromEntries((await query('up')).map(({ metric, value }) => [metric['job'], value[1]]));
    await expect.poll(up, settled).toEqual({ 'payments-vault': '1', 'somebody-else': '0' });
    const [target] = await query('up{job="payments-vault"}');
    expect(target?.metric).toMatchObject({
      ...{ namespace: 'payments-staging', service: 'payments-vault', pod: 'payments-vault-0' },
      ...{ container: 'vault', endpoint: 'https' },
    });
  });

  it('measures what the service does, and pages when half of the requests fail', async () => {
    const call = () => tls.fetch(new URL('/v1/tokens/x', service.url));
    // The first series of a counter counts from nought only for what comes after its first scrape.
    await call();
    await call();
    await expect
      .poll(
        async () => (await query('http_server_request_duration_seconds_count{http_route=~"/v1/.+"}')).length,
        settled,
      )
      .toBe(2);
    for (let i = 0; i < 20; i++) await (await call()).text();
    const about = { environment: 'staging', namespace: 'payments-staging', slo: 'vault-availability' };
    await expect.poll(firing, settled).toEqual([
      { name: 'CofferdamVaultAvailabilityBurn', ...about, severity: 'critical' },
      { name: 'CofferdamVaultAvailabilityBurn', ...about, severity: 'warning' },
    ]);
    // An alert fires on a scrape in the middle of the requests, too, where the shares are not yet those of all of them.
    const errors = async (slo: string) => {
      const [sample] = await query(`cofferdam:slo_errors:ratio_rate5m{slo="${slo}"}`);
      return Number(sample?.value[1]);
    };
    await expect.poll(() => errors('vault-availability'), settled).toBeCloseTo(0.5, 1);
    await expect.poll(() => errors('vault-latency'), settled).toBe(0);
  });
});
