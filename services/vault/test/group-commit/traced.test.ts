import { type OtlpReceiver, startOtlpReceiver } from '@cofferdam/devcluster/testing';
import { commonSettings, Lifecycle, openTelemetry, readEnvironment } from '@cofferdam/runtime';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createGatherer, type GroupWork } from '../../src/group-commit/gatherer.ts';
import { tracedSubmit } from '../../src/group-commit/traced.ts';

let collector: OtlpReceiver;
let lifecycle: Lifecycle;
beforeEach(async () => {
  collector = await startOtlpReceiver();
  lifecycle = new Lifecycle();
});
afterEach(() => collector.close());

async function open() {
  const env = { VAULT_ID: 'acme-dev', POD_NAME: 'vault-0', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const config = readEnvironment(z.object({ ...commonSettings, VAULT_ID: z.string() }), env);
  const options = { service: 'vault', version: '1', lifecycle, logTo: { write: () => undefined } } as const;
  const { tracing } = await openTelemetry(config, options);
  if (tracing === undefined) throw new Error('no traces');
  const gatherer = createGatherer<string>({
    ...{ lanes: ['lane'], maxBatch: 16, maxWaiting: 64, maxWaitMs: 5000 },
    refuse: (why) => new Error(why),
  });
  return { tracing, submit: tracedSubmit(gatherer.submit, tracing) };
}

it('a batch is a trace of its own, linked to what waits for it; what an item is put off for is in its own trace', async () => {
  const { tracing, submit } = await open();
  const ready = new Set<string>();
  const work: GroupWork<string, string, string> = {
    name: 'tokenize',
    keysOf: (item) => [item],
    afterFailure: () => 'fail',
    run: async (items) =>
      items.map((item) => {
        if (item !== 'c' || ready.has(item)) return { value: item.toUpperCase() };
        const again = () => tracing.inSpan('fetch the key', {}, async () => void ready.add(item));
        return { again };
      }),
  };
  const request = (item: string) => tracing.inSpan(`request ${item}`, {}, () => submit(work, item));
  expect(await Promise.all(['a', 'b', 'c'].map(request))).toEqual(['A', 'B', 'C']);
  await lifecycle.close(undefined, 10_000);

  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const [a, b, c] = ['a', 'b', 'c'].map((item) => {
    const [root] = named(`request ${item}`);
    const waits = named('commit tokenize').find(({ traceId }) => traceId === root?.traceId);
    expect(waits?.parentSpanId).toBe(root?.spanId);
    return { traceId: root?.traceId, spanId: waits?.spanId };
  });
  const batches = named('commit batch tokenize');
  expect(batches.map(({ links }) => links)).toEqual([[a, b, c], [c]]);
  expect(batches.map(({ parentSpanId }) => parentSpanId)).toEqual(['', '']);
  expect(batches.map(({ attributes }) => attributes['cofferdam.commit.batch.size'])).toEqual([3, 1]);
  expect(named('fetch the key')).toMatchObject([{ traceId: c?.traceId, parentSpanId: c?.spanId }]);
});
