import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kmsKeysInUse } from '../src/storage/data-keys.ts';
import { fingerprintCases } from './key-cases/fingerprints.ts';
import { outageAndUseCases } from './key-cases/outage-and-uses.ts';
import { ownKeyCases } from './key-cases/own-keys.ts';
import { shreddingCases } from './key-cases/shredding.ts';
import { newReplica, otherKey, steps } from './support/replica.ts';
import { type RunningVault, reveal, startVault } from './support/running-vault.ts';
import { SUBJECTS, VAULT_ID } from './support/vault-world.ts';

const MINUTES = 60_000;

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-own-keys-'));
const merchantKeysFile = join(directory, 'merchant-keys.json');
let running: RunningVault;
beforeAll(async () => {
  writeFileSync(merchantKeysFile, JSON.stringify({ vaultId: VAULT_ID, keys: [] }));
  running = await startVault({ MERCHANT_KEYS_FILE: merchantKeysFile });
});
afterAll(async () => {
  await running?.close();
  rmSync(directory, { recursive: true });
});

/** Records by the rekey that their key belongs to. */
async function generations(): Promise<Record<string, number>> {
  const { rows } = await running.owner.query<{ generation: number; count: number }>(
    `SELECT k.generation, count(*)::int FROM records r JOIN tokens t USING (token)
     JOIN data_keys k ON k.merchant = t.merchant AND k.purpose = 'record' AND k.version = r.key_version
     GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ generation, count }) => [generation, count]));
}

const records = (finished: boolean) => ({ rekeyParts: { records: { finished } } });

it('moves every record to new keys while the vault serves, finds stragglers, and says when none is left', async () => {
  const numbers = Array.from({ length: 30 }, () => running.freshNumber());
  const tokens: string[] = [];
  for (const [i, number] of numbers.entries()) {
    const as = i % 3 === 0 ? 'globexShop' : 'checkout';
    tokens.push((await running.tokenize(number, { as })).body.token);
  }
  await running.tokenize(numbers[1] ?? '', { card: { expiryYear: 2034 } }); // a second version of one
  expect(await generations()).toEqual({ 0: 31 });

  const [one, two] = [
    await newReplica(running.world, { generation: 1 }),
    await newReplica(running.world, { generation: 1 }),
  ];
  try {
    await Promise.all([steps(one), steps(two)]);
    expect(await generations()).toEqual({ 1: 31 });
    expect(await one.rekey.status()).toEqual({
      rekey: { generation: 1, total: 31 + 30, done: 31, finished: false },
      rekeyParts: {
        records: { total: 31, done: 31, leftBehind: 0, finished: false },
        fingerprints: { phase: 'adding', total: 30, done: 0, leftBehind: 0, finished: false },
      },
    });

    // The vault of the version before still takes its old key for the newest.
    const late = (await running.tokenize(running.freshNumber())).body.token;
    expect(await generations()).toEqual({ 0: 1, 1: 31 });

    one.pass(5 * MINUTES);
    await steps(one, 5);
    expect(await generations()).toEqual({ 1: 32 });
    expect(await one.rekey.status()).toMatchObject(records(true));

    for (const token of [tokens[1], late]) {
      const { status, body } = await reveal(running, token ?? '');
      expect(status, JSON.stringify(body)).toBe(200);
    }
    const { rows } = await running.owner.query(
      "SELECT action FROM audit WHERE action LIKE 'rekey.%' ORDER BY time",
    );
    expect(rows).toEqual([{ action: 'rekey.started' }, { action: 'rekey.records_moved' }]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

it('begins again when a replica that does not know of the rekey has made an old key since', async () => {
  const replica = await newReplica(running.world, { generation: 1 });
  const behind = await newReplica(running.world, { generation: 0 });
  try {
    replica.pass(10 * MINUTES);
    await steps(replica);
    expect(await replica.rekey.status()).toMatchObject(records(true));
    await running.owner.query(
      `INSERT INTO data_keys SELECT merchant, purpose, version + 1, kms_key_arn, wrapped, now() + interval '10 minutes', 0
       FROM data_keys WHERE merchant = 'acme' AND purpose = 'record' ORDER BY version DESC LIMIT 1`,
    );
    await replica.rekey.step();
    expect(await replica.rekey.status()).toMatchObject(records(false));
    replica.pass(10 * MINUTES);
    await steps(replica, 2);
    replica.pass(10 * MINUTES);
    await steps(replica, 4);
    expect(await replica.rekey.status()).toMatchObject(records(true));
    // Or the other replica would go on writing with it, behind the back of a rekey that is finished.
    const { rows } = await running.owner.query(
      "SELECT generation FROM data_keys WHERE merchant = 'acme' AND purpose = 'record' ORDER BY version DESC LIMIT 1",
    );
    expect(rows).toEqual([{ generation: 1 }]);
  } finally {
    await Promise.all([replica.close(), behind.close()]);
  }
});

it('moves all others past a record that somebody changed, is finished, and says that it is there', async () => {
  const replica = await newReplica(running.world, { generation: 2 });
  try {
    const total = Object.values(await generations()).reduce((sum, count) => sum + count, 0);
    const { rows } = await running.owner.query<{ token: string; version: number; merchant: string }>(
      `UPDATE records r SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) FROM tokens t
       WHERE (r.token, version) = (SELECT token, version FROM records ORDER BY token, version LIMIT 1)
             AND t.token = r.token
       RETURNING r.token, version, merchant`,
    );
    const bad = `${rows[0]?.token}/${rows[0]?.version}`;
    await expect(replica.rekey.step()).rejects.toThrow(`record ${bad} cannot be opened`);
    replica.pass(60 * MINUTES); // later than the keys that other tests made in their future
    for (let i = 0; i < 6; i++) await steps(replica, 1).catch(() => replica.pass(31_000));
    expect(await generations()).toEqual({ 1: 1, 2: total - 1 });
    expect(await replica.rekey.status()).toMatchObject({
      rekeyParts: { records: { finished: true, leftBehind: 1 } },
    });
    const { token = '', merchant = '' } = rows[0] ?? {};
    const headers = { 'cofferdam-merchant': merchant };
    const as = { subject: SUBJECTS.anyMerchant };
    const deleted = await running.call({ method: 'DELETE', path: `/v1/tokens/${token}`, as, headers });
    expect(deleted.status).toBe(204);
    await steps(replica, 6);
    expect(await replica.rekey.status()).toMatchObject(records(true));
  } finally {
    await replica.close();
  }
});

it('takes no generation up that the database has behind it', async () => {
  const { rows } = await running.owner.query('SELECT max(generation)::int AS newest FROM rekeys');
  const { newest } = rows[0];
  await running.owner.query(
    `INSERT INTO rekeys SELECT 9, now(), total, done, '', 0, now(), 0, now() FROM rekeys WHERE generation = $1`,
    [newest],
  );
  const replica = await newReplica(running.world, { generation: 4 });
  try {
    await steps(replica);
    expect(await replica.rekey.status()).toMatchObject({ rekey: { generation: 9 }, ...records(true) });
    const { rowCount } = await running.owner.query('SELECT 1 FROM rekeys WHERE generation = 4');
    expect(rowCount).toBe(0);
  } finally {
    await replica.close();
    await running.owner.query('DELETE FROM rekeys WHERE generation = 9');
  }
});

outageAndUseCases(() => running);
shreddingCases(() => running);
fingerprintCases(() => running);

it('puts data keys under another KMS key without a record being written, and then needs the old one no more', async () => {
  const keyArn = await otherKey(running.world);
  const { body } = await running.tokenize(running.freshNumber());
  const before = await generations();
  const replica = await newReplica(running.world, { keyArn, generation: 0 });
  try {
    expect(await kmsKeysInUse(replica.database)).toEqual([running.world.keyArn]);
    // A merchant whose KMS key is gone holds up nobody else.
    const gone = running.world.keyArn.replace(/[^/]+$/, '00000000-0000-0000-0000-000000000000');
    await running.owner.query("INSERT INTO data_keys VALUES ('aaa', 'record', 1, $1, '\\x00', now())", [
      gone,
    ]);
    const refusals: unknown[] = [];
    for (let batch = 0; batch < 4; batch++) await replica.rekey.step().catch((error) => refusals.push(error));
    expect(refusals.at(-1)).toMatchObject({ failure: 'refused' });
    expect(await kmsKeysInUse(replica.database)).toEqual([gone, keyArn].sort());
    await running.owner.query("DELETE FROM data_keys WHERE merchant = 'aaa'");
    await replica.rekey.step();
    expect(await kmsKeysInUse(replica.database)).toEqual([keyArn]);
    expect(await generations()).toEqual(before);
    const { rows } = await running.owner.query(
      `SELECT merchant, detail::json->>'purpose' AS purpose, (detail::json->>'version')::int AS version
       FROM audit WHERE action = 'data_key.rewrapped'
       EXCEPT SELECT merchant, purpose, version FROM data_keys`,
    );
    const entries = "SELECT 1 FROM audit WHERE action = 'data_key.rewrapped'";
    const keys = 'SELECT 1 FROM data_keys WHERE destroyed_at IS NULL';
    expect([rows, (await running.owner.query(entries)).rowCount]).toEqual([
      [],
      (await running.owner.query(keys)).rowCount,
    ]);
  } finally {
    await replica.close();
  }
  expect((await reveal(running, body.token)).status).toBe(200);
  expect(await running.hunt()).toEqual([]);
});

ownKeyCases(() => running, merchantKeysFile);
