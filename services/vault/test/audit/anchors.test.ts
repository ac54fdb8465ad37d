import { type AuditAnchor, anchorHash } from '@cofferdam/contracts/audit';
import { createLogger, createMetrics, type Database, type Statement } from '@cofferdam/runtime';
import { expect, it } from 'vitest';
import { Anchors } from '../../src/audit/anchors.ts';
import { ChainHeads } from '../../src/audit/chain-heads.ts';
import type { ChainHead } from '../../src/domain/audit-chain.ts';

const head = (lane: number, position: number): ChainHead => ({
  writer: `vault-0/run_1/${lane}`,
  position,
  hash: new Uint8Array(32).fill(position),
});

function world() {
  const state = { kms: true, database: true, found: [] as ChainHead[], left: [] as ChainHead[] };
  const stored: AuditAnchor[] = [];
  const logged: AuditAnchor[] = [];
  const published: AuditAnchor[] = [];
  const heads = new ChainHeads('vault-0/run_1');
  const database = {
    query: async ({ name, values }: Statement) => {
      if (!state.database && name === 'store-audit-anchor') throw new Error('the database is away');
      if (name === 'store-audit-anchor') stored.push(JSON.parse(String(values?.[3])) as AuditAnchor);
      return { rows: [] };
    },
  } as unknown as Database;
  const anchors = new Anchors({
    ...{ vaultId: 'acme-dev', database, heads, metrics: createMetrics() },
    mac: async ({ hash }) => {
      if (!state.kms) throw new Error('KMS is away');
      return { key: 'key', mac: `mac-of-${hash}` };
    },
    publish: (anchor) => void published.push(anchor),
    leftovers: async (which) => (which === 'quiet' ? state.found : state.left),
    logger: createLogger(
      { service: 'vault', level: 'fatal' },
      { write: (line) => logged.push(JSON.parse(line).anchor) },
    ),
  });
  return { state, stored, logged, published, heads, anchors };
}

it('are made only when a chain has grown, of what has grown, each naming the one before', async () => {
  const { heads, anchors, logged, stored, published } = world();
  await anchors.step();
  expect(logged).toEqual([]);
  heads.committed(head(0, 1));
  heads.committed(head(1, 1));
  await anchors.step();
  await anchors.step();
  heads.committed(head(1, 2));
  await anchors.step();
  const [first, second] = logged;
  expect(logged.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(first?.heads.map(({ writer, position }) => [writer, position])).toEqual([
    ['vault-0/run_1/0', 1],
    ['vault-0/run_1/1', 1],
  ]);
  expect(second?.heads).toMatchObject([{ writer: 'vault-0/run_1/1', position: 2, origin: 'own' }]);
  expect(second?.previous).toMatchObject([{ sequence: 1, hash: first?.hash }]);
  for (const anchor of logged) expect(anchorHash(anchor)).toBe(anchor.hash);
  expect([stored, published]).toEqual([logged, logged]);
});

it('wait for KMS: the next one covers what the missed one would have', async () => {
  const { state, heads, anchors, logged } = world();
  heads.committed(head(0, 1));
  state.kms = false;
  await expect(anchors.step()).rejects.toThrow('KMS is away');
  heads.committed(head(0, 5));
  state.kms = true;
  await anchors.step();
  expect(logged).toMatchObject([{ sequence: 1, previous: [], heads: [{ position: 5 }] }]);
});

it('that are in the log come into the database later, and are never made twice', async () => {
  const { state, heads, anchors, logged, stored } = world();
  heads.committed(head(0, 1));
  await anchors.step();
  heads.committed(head(0, 2));
  state.database = false;
  await expect(anchors.step()).rejects.toThrow();
  await expect(anchors.step()).rejects.toThrow();
  expect([logged.length, stored.length]).toEqual([2, 1]);
  state.database = true;
  await anchors.step();
  await anchors.step();
  expect(stored).toEqual(logged);
  expect(logged.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

it('name what others have left as found, and what this run has left at its end', async () => {
  const { state, heads, anchors, logged } = world();
  state.found = [{ ...head(0, 7), writer: 'vault-9/run_9/0' }];
  await anchors.lookForLeftovers();
  await anchors.step();
  expect(logged).toMatchObject([{ heads: [{ writer: 'vault-9/run_9/0', origin: 'found' }], ends: false }]);
  heads.committed(head(0, 1));
  state.left = [head(0, 1), head(3, 4)];
  await anchors.end();
  expect(logged.at(-1)).toMatchObject({
    ends: true,
    heads: [
      { writer: 'vault-0/run_1/0', position: 1, origin: 'own' },
      { writer: 'vault-0/run_1/3', position: 4, origin: 'found' },
    ],
  });
  heads.committed(head(0, 2));
  await anchors.step();
  expect(logged).toHaveLength(2);
});
