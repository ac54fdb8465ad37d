import type { Observability } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { connectorComponent } from '../../src/desired/connector-component.ts';
import { migrationComponent, routerComponent, vaultComponent } from '../../src/desired/vault-component.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

/** What starts with OTEL_ in the environment of vault, router, connector, and of a migration. */
function otel(observability: Observability) {
  const vault = paymentVault({ observability });
  return [
    vaultComponent(vault, facts, 'arn'),
    routerComponent(vault, facts),
    connectorComponent(connector(), vault, facts),
    migrationComponent('vault', vault, facts),
  ].map(({ env }) => Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('OTEL_'))));
}

const endpoint = 'http://collector.telemetry.svc:4318';

test('what serves sends traces where the spec says, and keeps one of a hundred that it begins itself', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  };
  expect(otel({ tracing: { endpoint } })).toEqual([env, env, env, {}]);
});

test.each([
  [0, '0'],
  [7, '0.07'],
  [100, '1'],
])('%i percent are a share of %s', (samplingPercent, share) => {
  const [vault] = otel({ tracing: { endpoint, samplingPercent } });
  expect(vault).toMatchObject({ OTEL_TRACES_SAMPLER_ARG: share });
});

test('without it there are no traces', () => {
  expect(otel({ logLevel: 'Info' })).toEqual([{}, {}, {}, {}]);
});
