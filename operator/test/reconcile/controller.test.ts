import { type Condition, FINALIZER } from '@cofferdam/crds';
import { CircuitOpenError } from '@cofferdam/runtime/process';
import { expect, test } from 'vitest';
import { KubeError, type KubeObject } from '../../src/engine/index.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { createController } from '../../src/reconcile/controller.ts';
import { createManualClock } from '../engine/manual-clock.ts';
import { facts, paymentVault } from '../fixtures.ts';

/** One vault, and a controller whose passes over it go as `converge` says. */
function world(options: {
  vault: KubeObject;
  facts?: () => never;
  caughtUp?: () => boolean;
  converge?: () => Promise<unknown>;
  applyStatus?: () => never;
  releaseKey?: () => Promise<void>;
}) {
  const clock = createManualClock();
  const vault = options.vault as KubeObject & { status?: { conditions?: Condition[] } };
  const said: string[] = [];
  const events: string[] = [];
  const store = {
    get: () => vault,
    list: () => [vault],
    byIndex: () => [],
    size: 1,
  };
  const none = { store: { ...store, get: () => undefined, list: () => [] }, subscribe: () => () => {} };
  const context = {
    clock,
    log: { info() {}, warn() {}, error() {} },
    facts: options.facts ?? (() => facts),
    caughtUp: options.caughtUp ?? (() => true),
    unanswered: new Map(),
    patience: { Retain: 60_000, Delete: 600_000 },
    resync: { readyMs: 30_000, notReadyMs: 15_000, unreportedMs: 3_000 },
    caches: {
      vaults: { store, subscribe: () => () => {} },
      connectors: none,
      pods: none,
      onChild: () => () => {},
      childrenOf: () => [],
    },
    events: { record: (_: unknown, { reason }: { reason: string }) => void events.push(reason) },
    applySet: { converge: options.converge },
    key: { forget() {} },
    topics: { forget() {} },
    releaseKey: options.releaseKey ?? (async () => {}),
    client: {
      applyStatus: async (_: unknown, body: { status: { conditions: Condition[] } }) => {
        options.applyStatus?.();
        vault.status = body.status;
        said.push(`${body.status.conditions[0]?.reason}: ${body.status.conditions[0]?.message}`);
        return body;
      },
      patch: async () => {
        said.push('finalizer dropped');
        return vault;
      },
    },
  } as unknown as Context;
  const controller = createController(context, { workers: 1, random: () => 1 });
  controller.enqueueAll();
  return { clock, said, events, controller };
}

const broken = (): never => {
  throw new Error('broken');
};

test('a pass that has written something and failed does not take it back by saying that it failed', async () => {
  // Each pass begins with a cache that is current, and has written something when it fails.
  let current = false;
  const caughtUp = () => {
    current = !current;
    return current;
  };
  const wrote = world({ vault: paymentVault(), facts: broken, caughtUp });
  await wrote.clock.advance(60_000);
  expect(wrote.said).toEqual([]);
  await wrote.controller.stop();
  const wroteNothing = world({ vault: paymentVault(), facts: broken });
  await wroteNothing.clock.advance(60_000);
  expect(wroteNothing.said.length).toBe(1);
  expect(wroteNothing.said[0]).toMatch(/^InternalError: .*broken/);
  await wroteNothing.controller.stop();
});

/** The wall of the manual clock begins here. */
const BEGINNING = 1_700_000_000_000;

function deletedVault(at = BEGINNING): KubeObject {
  const plain = paymentVault();
  const deletionTimestamp = new Date(at).toISOString();
  return { ...plain, metadata: { ...plain.metadata, deletionTimestamp, finalizers: [FINALIZER] } };
}

test('a status that the API server does not take holds up no deletion', async () => {
  const { clock, said, controller } = world({
    vault: deletedVault(),
    converge: async () => {},
    applyStatus: () => {
      throw new KubeError('invalid', 'status.kms: was another type once');
    },
  });
  await clock.advance(100);
  expect(said).toEqual(['finalizer dropped']);
  await controller.stop();
});

test('a KMS that is away is named by what it last did, also while it is not asked', async () => {
  let asked = 0;
  const refused = new Error('connect ECONNREFUSED');
  const { clock, said, controller } = world({
    vault: deletedVault(),
    converge: async () => {},
    releaseKey: async () => {
      asked += 1;
      throw asked % 2 === 1 ? refused : new CircuitOpenError(0, refused);
    },
  });
  await clock.advance(30_000);
  expect(asked).toBeGreaterThan(4);
  expect(said).toEqual([
    'Deleting: it is being deleted',
    expect.stringMatching(/and waits: KMS could not be asked \(connect ECONNREFUSED\)/),
  ]);
  await controller.stop();
});

test('one lost answer loses no grant, however long ago the deletion began; a KMS that stays away is given up', async () => {
  const lost = new Error('socket hang up');
  let fails = 1;
  const { clock, said, events, controller } = world({
    vault: deletedVault(BEGINNING - 3_600_000),
    converge: async () => {},
    releaseKey: async () => {
      fails -= 1;
      if (fails >= 0) throw lost;
    },
  });
  await clock.advance(30_000);
  expect(said).toEqual([
    'Deleting: it is being deleted',
    expect.stringMatching(
      /and waits: KMS could not be asked \(socket hang up\).*given up at 2023-11-14T22:14:20/,
    ),
    'finalizer dropped',
  ]);
  expect(events).toEqual([]);
  await controller.stop();

  const away = world({
    vault: deletedVault(BEGINNING - 3_600_000),
    converge: async () => {},
    releaseKey: () => Promise.reject(lost),
  });
  await away.clock.advance(55_000);
  expect(away.said).not.toContain('finalizer dropped');
  await away.clock.advance(60_000);
  expect(away.said.at(-1)).toBe('finalizer dropped');
  expect(away.events).toEqual(['KmsUnreachable']);
  await away.controller.stop();
});

test('a webhook that fails deletions holds one up for a minute, says so once, and wedges nothing', async () => {
  const { clock, said, controller } = world({
    vault: deletedVault(),
    converge: async () => {
      throw new KubeError('server_error', 'failed calling webhook "no.deletes.dev"');
    },
  });
  await clock.advance(50_000);
  expect(said).toEqual([
    'Deleting: it is being deleted',
    expect.stringMatching(/^Deleting: it is being deleted, and waits: .*no\.deletes\.dev.*garbage collector/),
  ]);
  await clock.advance(60_000);
  expect(said.slice(2)).toEqual(['finalizer dropped']);
  await controller.stop();
});
