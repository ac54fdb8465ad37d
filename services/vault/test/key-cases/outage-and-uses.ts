import { expect, it, vi } from 'vitest';
import { newReplica, type Replica } from '../support/replica.ts';
import type { RunningVault } from '../support/running-vault.ts';
import { card } from '../support/vault-caller.ts';
import { SUBJECTS } from '../support/vault-world.ts';

/** For a suite with a vault that runs. */
export function outageAndUseCases(running: () => RunningVault): void {
  it('goes on with the keys that it has while KMS is away, and refuses others until KMS is back', async () => {
    const { world, vault } = running();
    await running().tokenize(running().freshNumber());
    await world.kms.fault({ operation: '*', drop: 'before' });
    try {
      expect((await running().tokenize(running().freshNumber())).status).toBe(201);
      const asked = world.kms.calls.length;
      for (let i = 0; i < 8; i++) {
        const { status, body, headers } = await running().call({
          path: '/v1/tokens',
          as: { subject: SUBJECTS.anyMerchant },
          headers: { 'cofferdam-merchant': `new-${i}` },
          body: card(running().freshNumber()),
        });
        expect([status, body.code, Number(headers.get('retry-after')) > 0]).toEqual([
          503,
          'key_unavailable',
          true,
        ]);
      }
      expect(world.kms.calls.length - asked).toBeLessThanOrEqual(2 * 4); // each tried twice by the SDK, then none
      const base = await vault.url();
      const ready = await (await world.tls.fetch(`${base}/readyz`)).json();
      const metrics = await (await world.tls.fetch(`${base}/metrics`)).text();
      const { body: statusz } = await running().call({ path: '/statusz', as: 'operator' });
      expect(ready).toMatchObject({ ready: true });
      for (const told of [JSON.stringify(ready), JSON.stringify(statusz)]) {
        expect(told).toMatch(/KMS \w+ for merchant .*; since .*; keys in memory go on until 20/);
      }
      expect(metrics).toMatch(/^cofferdam_kms_circuit_open 1$/m);
    } finally {
      await world.kms.fault();
    }
    await vi.waitFor(
      async () => {
        const again = await running().call({ path: '/statusz', as: 'operator' });
        expect(again.body).toMatchObject({ key: { state: 'usable' } });
      },
      { timeout: 20_000, interval: 250 },
    );
  });

  it('gives a key up before it has encrypted too often, counted over all replicas and runs', async () => {
    const { world } = running();
    const uses = { block: 2, wanted: 5, most: 9 };
    const replicas = await Promise.all([0, 1].map(() => newReplica(world, { generation: 0, uses })));
    const [one, two] = replicas as [Replica, Replica];
    const seals = async ({ keys }: Replica) => {
      const { record } = await keys.forWriting('often');
      record.seal(Buffer.alloc(1), Buffer.alloc(1));
      return record.version;
    };
    try {
      const versions: number[] = [];
      for (let i = 0; i < 4; i++) versions.push(await seals(one), await seals(two));
      expect(versions).toEqual([1, 1, 1, 1, 1, 1, 2, 2]);
      replicas.push(await newReplica(world, { generation: 0, uses }));
      await world.kms.fault({ operation: 'GenerateDataKey', drop: 'before' });
      const [more, refusals] = [[] as number[], [] as unknown[]];
      for (let round = 0; round < 4; round++) {
        for (const replica of replicas) {
          await seals(replica).then(
            (version) => more.push(version),
            (error) => refusals.push(error.code),
          );
        }
      }
      expect(new Set(more)).toEqual(new Set([2]));
      expect(2 + more.length).toBeLessThanOrEqual(uses.most);
      expect(new Set(refusals)).toEqual(new Set(['key_unavailable']));
    } finally {
      await world.kms.fault();
      await Promise.all(replicas.map((replica) => replica.close()));
    }
  });
}
