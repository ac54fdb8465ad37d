import { expect, test } from 'vitest';
import { debugPages } from '../src/debug-pages.ts';
import { createQueue } from '../src/engine/index.ts';

test('the debug pages are JSON: the queue also of an operator that does not lead', () => {
  const queue = createQueue({ work: () => new Promise(() => {}), workers: 1 });
  queue.add('PaymentVault/n/a');
  queue.add('PaymentVault/n/b', 'resync');
  const caches = {
    snapshot: () => [{ kind: 'Pod', objects: 3, streams: [{ state: 'watching', version: '9' }] }],
  };
  const of = (controller: object | undefined) =>
    debugPages({
      caches,
      controller: () => controller,
      elector: { isLeading: () => controller !== undefined },
      unseenWrites: () => 2,
    } as never);
  const read = (pages: ReturnType<typeof of>, path: keyof ReturnType<typeof of>) =>
    JSON.parse(pages[path]().body);
  expect(read(of(undefined), '/debug/queue')).toEqual({ leading: false, unseenWrites: 2 });
  expect(read(of({ queue }), '/debug/queue')).toMatchObject({
    leading: true,
    waiting: [{ key: 'PaymentVault/n/b', urgency: 'resync' }],
    active: [{ key: 'PaymentVault/n/a' }],
    later: [],
  });
  expect(read(of({ queue }), '/debug/caches')).toEqual(caches.snapshot());
  expect(read(of(undefined), '/debug/process').memoryBytes.rss).toBeGreaterThan(0);
});
