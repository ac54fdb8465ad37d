import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { removeOldRows } from '../../src/storage/housekeeping.ts';
import { newReplica, type Replica, steps } from '../support/replica.ts';
import type { RunningVault } from '../support/running-vault.ts';
import { SUBJECTS } from '../support/vault-world.ts';

const MINUTES = 60_000;

/** For a suite with a vault that runs. It takes rekeys up to generation 20. */
export function fingerprintCases(running: () => RunningVault): void {
  it('moves fingerprints and request digests, and a card has one token whichever replica takes it, and when', async () => {
    const { world } = running();
    const merchant = 'hooli';
    const driver = await newReplica(world, { generation: 20 });
    const opened: Replica[] = [driver];
    const phase = async () => (await driver.rekey.status()).rekeyParts?.fingerprints.phase;
    /** @returns what went wrong on the way */
    const until = async (wanted: string, most = 80) => {
      const problems = new Set<string>();
      for (let i = 0; i < most && (await phase()) !== wanted; i++) {
        await driver.rekey.step().catch((error: Error) => problems.add(error.message));
        if ((await phase()) !== wanted) driver.pass(2.1 * MINUTES);
      }
      expect(await phase(), [...problems].join()).toBe(wanted);
      return problems;
    };
    /** It remembers the keys as they are now, as a replica does for half a minute. */
    const writer = async () => {
      const replica = await newReplica(world, { generation: 20 });
      opened.push(replica);
      await replica.keys.forWriting(merchant);
      return replica;
    };
    const tokenOf = async (replica: Replica, number: string, key?: string) =>
      (await replica.tokenize(merchant, number, { key: key ?? randomUUID() })).answer.token;
    const agree = async (older: Replica, newer: Replica) => {
      const [a, b, c, d] = [1, 2, 3, 4].map(() => running().freshNumber()) as [
        string,
        string,
        string,
        string,
      ];
      expect(await tokenOf(newer, a, `a${a}`)).toBe(await tokenOf(older, a));
      expect(await tokenOf(older, b, `b${b}`)).toBe(await tokenOf(newer, b));
      const both = await Promise.all([tokenOf(older, c), tokenOf(newer, c)]);
      expect(both[0]).toBe(both[1]);
      // A request that is repeated to another replica while it is under way: nothing but its key is there to run into.
      const request = { key: `d${d}`, deduplicate: false };
      await tokenOf(newer, d);
      const again = await Promise.all([older, newer].map((one) => one.tokenize(merchant, d, request)));
      expect(again[0]).toEqual(again[1]);
      return [a, b, c, d];
    };
    try {
      // Those of the tests before are brought to their end first.
      const begun = 'SELECT 1 FROM fingerprint_moves WHERE generation = 20';
      for (let i = 0; i < 60 && !(await running().owner.query(begun)).rowCount; i++) {
        await driver.rekey.step().catch(() => undefined);
        driver.pass(2.1 * MINUTES);
      }
      await until('adding');
      const first = await newReplica(world, { generation: 0 });
      opened.push(first);
      const [known, altered] = [running().freshNumber(), running().freshNumber()];
      const kept = await first.tokenize(merchant, known, { key: 'kept' });
      const bad = await tokenOf(first, altered);

      await driver.rekey.step();
      driver.pass(31_000);
      await driver.rekey.step();
      const adding = await writer();
      const numbers = await agree(first, adding);
      await running().owner.query(
        'UPDATE records SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE token = $1',
        [bad],
      );
      await until('moving');
      const moving = await writer();
      numbers.push(...(await agree(adding, moving)));

      const problems = [...(await until('expiring'))].join();
      expect(problems).toMatch(/the fingerprint of card card_\w+ cannot be moved/);
      expect((await driver.rekey.status()).rekeyParts?.fingerprints.leftBehind).toBe(1);
      const deletion = { path: `/v1/tokens/${bad}`, as: { subject: SUBJECTS.anyMerchant } };
      const headers = { 'cofferdam-merchant': merchant };
      expect((await running().call({ ...deletion, method: 'DELETE', headers })).status).toBe(204);
      await until('expiring');
      const expiring = await writer();
      numbers.push(...(await agree(moving, expiring)));

      expect(await expiring.tokenize(merchant, known, { key: 'kept' })).toEqual(kept);
      await expect(expiring.tokenize(merchant, altered, { key: 'kept' })).rejects.toMatchObject({
        code: 'idempotency_key_reused',
      });
      expect(await tokenOf(expiring, known)).toBe(kept.answer.token);
      for (const number of numbers)
        expect(await tokenOf(expiring, number)).toBe(await tokenOf(moving, number));

      await steps(driver, 4);
      expect(await phase()).toBe('expiring'); // a day has to pass
      driver.pass(25 * 60 * MINUTES);
      await removeOldRows(driver.database, driver.now());
      await until('finished');
      const { rekey, rekeyParts } = await driver.rekey.status();
      expect([rekey?.finished, rekey?.done]).toEqual([true, rekey?.total]);
      expect(rekeyParts?.statement).toMatch(
        /but for \d records and 1 cards that could not be opened, .* none is under a data key from before rekey 20/,
      );
      const { rows } = await running().owner.query(
        `SELECT (SELECT count(*)::int FROM cards WHERE merchant = $1 AND key_version = 1) AS old,
                (SELECT count(*)::int FROM next_fingerprints) AS next,
                (SELECT count(*)::int FROM cards WHERE merchant = $1)
                  - (SELECT count(*)::int FROM tokens WHERE merchant = $1 AND deduplicated) AS "withoutToken",
                (SELECT wrapped = '' FROM data_keys WHERE merchant = $1 AND purpose = 'digest'
                 ORDER BY version DESC LIMIT 1) AS "oldCodeIsLockedOut"`,
        [merchant],
      );
      expect(rows).toEqual([{ old: 0, next: 0, withoutToken: 0, oldCodeIsLockedOut: true }]);
      const late = await writer();
      expect(await tokenOf(late, known)).toBe(kept.answer.token);
    } finally {
      await Promise.all(opened.map((replica) => replica.close()));
    }
  });
}
