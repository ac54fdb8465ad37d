import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Rekey } from '../src/rekey/run-rekey.ts';
import { kmsKeysInUse } from '../src/storage/data-keys.ts';
import { removeOldRows } from '../src/storage/housekeeping.ts';
import { newReplica, otherKey, type Replica } from './support/replica.ts';
import { type Grant, type RunningVault, startVault } from './support/running-vault.ts';
import { card } from './support/vault-caller.ts';
import { SUBJECTS } from './support/vault-world.ts';

const MINUTES = 60_000;

let running: RunningVault;
beforeAll(async () => {
  running = await startVault();
});
afterAll(() => running?.close());

/** Records by the rekey that their key belongs to. */
async function generations(): Promise<Record<string, number>> {
  const { rows } = await running.owner.query<{ generation: number; count: number }>(
    `SELECT k.generation, count(*)::int FROM records r JOIN tokens t USING (token)
     JOIN data_keys k ON k.merchant = t.merchant AND k.purpose = 'record' AND k.version = r.key_version
     GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ generation, count }) => [generation, count]));
}

async function reveal(token: string) {
  return redeem(await running.grantFor(token));
}

const redeem = ({ grant, attemptId, connector }: Grant) =>
  running.call({ path: '/v1/reveals', as: 'stripe', body: { grant, attemptId, connector } });

const records = (finished: boolean) => ({ rekeyParts: { records: { finished } } });

/** With a pause after each: what finds nothing to do rests. */
const steps = async (replica: { rekey: Rekey; pass(ms: number): void }, count = 3) => {
  for (let i = 0; i < count; i++) {
    await replica.rekey.step();
    replica.pass(31_000);
  }
};

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
        records: { total: 31, done: 31, finished: false },
        fingerprints: { phase: 'adding', total: 30, done: 0, finished: false },
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
      const { status, body } = await reveal(token ?? '');
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

it('moves all others past a record that somebody changed, and is not finished while it is there', async () => {
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
    expect(await replica.rekey.status()).toMatchObject(records(false));
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

it('goes on with the keys that it has while KMS is away, and refuses others until KMS is back', async () => {
  const { world, vault } = running;
  await running.tokenize(running.freshNumber());
  await world.kms.fault({ operation: '*', drop: 'before' });
  try {
    expect((await running.tokenize(running.freshNumber())).status).toBe(201);
    const asked = world.kms.calls.length;
    for (let i = 0; i < 8; i++) {
      const { status, body, headers } = await running.call({
        path: '/v1/tokens',
        as: { subject: SUBJECTS.anyMerchant },
        headers: { 'cofferdam-merchant': `new-${i}` },
        body: card(running.freshNumber()),
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
    const { body: statusz } = await running.call({ path: '/statusz', as: 'operator' });
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
      const again = await running.call({ path: '/statusz', as: 'operator' });
      expect(again.body).toMatchObject({ key: { state: 'usable' } });
    },
    { timeout: 20_000, interval: 250 },
  );
});

it('gives a key up before it has encrypted too often, counted over all replicas and runs', async () => {
  const { world } = running;
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

it('shreds a merchant: nothing of its cards is left, nobody else loses one, and it begins anew', async () => {
  const shop = { as: 'globexShop' as const };
  const number = running.freshNumber();
  const [kept, gone] = [await running.tokenize(running.freshNumber()), await running.tokenize(number, shop)];
  const { token } = gone.body;
  const grant = await running.grantFor(token, {}, 'globex');
  const id = `shred_${'7'.repeat(26)}`;
  const shred = (more: object = {}, path = id) =>
    running.call({
      method: 'PUT',
      path: `/v1/shreddings/${path}`,
      as: { subject: SUBJECTS.anyMerchant },
      headers: { 'cofferdam-merchant': 'globex' },
      body: { confirmation: 'shred every card of globex' },
      ...more,
    });
  const replica = await newReplica(running.world, { generation: 11 });
  try {
    expect((await shred({ as: 'globexShop' })).status).toBe(403);
    expect((await shred({ body: { confirmation: 'globex' } })).body.code).toBe('invalid_request');
    expect((await shred()).status).toBe(202);
    expect([(await shred()).status, (await shred({}, `shred_${'8'.repeat(26)}`)).status]).toEqual([200, 409]);

    const refused = await running.tokenize(running.freshNumber(), shop);
    expect([refused.status, refused.body.code]).toEqual([503, 'key_unavailable']);
    expect((await redeem(grant)).body.code).toBe('token_not_found');
    await replica.rekey.step(); // with a rekey under way, which takes no notice

    replica.pass(2 * MINUTES);
    await replica.shreddings.step();
    await replica.shreddings.step();
    const { body } = await running.call({
      path: `/v1/shreddings/${id}`,
      as: { subject: SUBJECTS.anyMerchant },
      headers: { 'cofferdam-merchant': 'globex' },
    });
    expect(body).toMatchObject({ state: 'awaiting_backups', merchant: 'globex' });
    const left = await running.owner.query(
      `SELECT (SELECT count(*)::int FROM data_keys WHERE merchant = $1 AND wrapped <> '') AS keys,
              (SELECT count(*)::int FROM cards WHERE merchant = $1) AS cards,
              (SELECT count(*)::int FROM tokens WHERE merchant = $1 AND state <> 'deleted') AS tokens,
              (SELECT count(*)::int FROM records JOIN tokens USING (token) WHERE merchant = $1) AS records,
              (SELECT count(*)::int FROM idempotency_keys WHERE merchant = $1) AS answers,
              (SELECT count(*)::int FROM reveal_grants WHERE merchant = $1) AS grants`,
      ['globex'],
    );
    expect(left.rows).toEqual([{ keys: 0, cards: 0, tokens: 0, records: 0, answers: 0, grants: 0 }]);
    const { rows } = await running.owner.query(
      `SELECT action, NULL AS days FROM audit WHERE action LIKE 'merchant.%'
       UNION ALL SELECT type, ((data->>'completeAt')::timestamptz::date - time::date)::text FROM outbox WHERE subject = $1`,
      [id],
    );
    expect(rows.map(({ action, days }) => [action, days]).sort()).toEqual([
      ['merchant.erased', null],
      ['merchant.shredded', null],
      ['merchant.shredded', '35'],
      ['merchant.shredding_requested', null],
    ]);
    expect((await running.call({ path: `/v1/tokens/${token}`, ...shop })).body.code).toBe('token_not_found');
    expect((await reveal(kept.body.token)).status).toBe(200);

    const again = await running.tokenize(number, shop);
    expect(again.status).toBe(201);
    expect(again.body.token).not.toBe(token);
    expect((await shred()).status).toBe(200); // a repetition of the same
    const anew = await running.grantFor(again.body.token, {}, 'globex');
    expect((await redeem(anew)).status).toBe(200);
    await replica.rekey.step();
  } finally {
    await replica.close();
  }
});

it('moves fingerprints and request digests, and a card has one token whichever replica takes it, and when', async () => {
  const { world } = running;
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
    (await replica.tokenize(merchant, number, key)).answer.token;
  const agree = async (older: Replica, newer: Replica) => {
    const [a, b, c, d] = [1, 2, 3, 4].map(() => running.freshNumber()) as [string, string, string, string];
    expect(await tokenOf(newer, a, `a${a}`)).toBe(await tokenOf(older, a));
    expect(await tokenOf(older, b, `b${b}`)).toBe(await tokenOf(newer, b));
    const both = await Promise.all([tokenOf(older, c), tokenOf(newer, c)]);
    expect(both[0]).toBe(both[1]);
    const again = await Promise.all([older, newer].map((one) => one.tokenize(merchant, d, `d${d}`)));
    expect(again[0]).toEqual(again[1]); // one request, repeated to another replica: both are told that it is new
    return [a, b, c, d];
  };
  try {
    // Those of the tests before are brought to their end first.
    const begun = 'SELECT 1 FROM fingerprint_moves WHERE generation = 20';
    for (let i = 0; i < 60 && !(await running.owner.query(begun)).rowCount; i++) {
      await driver.rekey.step().catch(() => undefined);
      driver.pass(2.1 * MINUTES);
    }
    await until('adding');
    const first = await newReplica(world, { generation: 0 });
    opened.push(first);
    const [known, altered] = [running.freshNumber(), running.freshNumber()];
    const kept = await first.tokenize(merchant, known, 'kept');
    const bad = await tokenOf(first, altered);

    await driver.rekey.step();
    driver.pass(31_000);
    await driver.rekey.step();
    const adding = await writer();
    const numbers = await agree(first, adding);
    await running.owner.query(
      'UPDATE records SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE token = $1',
      [bad],
    );
    await until('moving');
    const moving = await writer();
    numbers.push(...(await agree(adding, moving)));

    const problems = await until('expiring', 6).catch((error: Error) => error.message);
    expect(String(problems)).toMatch(/the fingerprint of card card_\w+ cannot be moved/);
    expect(await phase()).toBe('moving');
    const deletion = { path: `/v1/tokens/${bad}`, as: { subject: SUBJECTS.anyMerchant } };
    const headers = { 'cofferdam-merchant': merchant };
    expect((await running.call({ ...deletion, method: 'DELETE', headers })).status).toBe(204);
    await until('expiring');
    const expiring = await writer();
    numbers.push(...(await agree(moving, expiring)));

    expect(await expiring.tokenize(merchant, known, 'kept')).toEqual(kept);
    await expect(expiring.tokenize(merchant, altered, 'kept')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(await tokenOf(expiring, known)).toBe(kept.answer.token);
    for (const number of numbers) expect(await tokenOf(expiring, number)).toBe(await tokenOf(moving, number));

    await steps(driver, 4);
    expect(await phase()).toBe('expiring'); // a day has to pass
    driver.pass(25 * 60 * MINUTES);
    await removeOldRows(driver.database, driver.now());
    await until('finished');
    const { rekey, rekeyParts } = await driver.rekey.status();
    expect([rekey?.finished, rekey?.done]).toEqual([true, rekey?.total]);
    expect(rekeyParts?.statement).toMatch(/none is under a data key from before rekey 20/);
    const { rows } = await running.owner.query(
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
    for (let batch = 0; batch < 3; batch++) {
      await expect(replica.rekey.step()).rejects.toMatchObject({ failure: 'refused' });
    }
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
  expect((await reveal(body.token)).status).toBe(200);
  expect(await running.hunt()).toEqual([]);
});
