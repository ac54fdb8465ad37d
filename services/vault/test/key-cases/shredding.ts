import { expect, it } from 'vitest';
import { newReplica } from '../support/replica.ts';
import { type RunningVault, redeem, reveal } from '../support/running-vault.ts';
import { SUBJECTS } from '../support/vault-world.ts';

const MINUTES = 60_000;

/** For a suite with a vault that runs, with the merchants acme and globex. It takes up rekey 11. */
export function shreddingCases(running: () => RunningVault): void {
  it('shreds a merchant: nothing of its cards is left, nobody else loses one, and it begins anew', async () => {
    const shop = { as: 'globexShop' as const };
    const number = running().freshNumber();
    const [kept, gone] = [
      await running().tokenize(running().freshNumber()),
      await running().tokenize(number, shop),
    ];
    const { token } = gone.body;
    const reference = `user-${'7'.repeat(8)}`;
    const post = async (path: string, body: object) =>
      (await running().call({ path, body, ...shop })).body as unknown as Record<string, string>;
    const { customer } = await post('/v1/customers', { reference });
    await post(`/v1/customers/${customer}/credentials`, { token });
    const terms = { type: 'recurring', initiator: 'merchant', networkTransactionId: '016150703802094' };
    expect(await post('/v1/agreements', { token, ...terms })).toMatchObject({ customer, state: 'active' });
    const other = await running().call({ path: '/v1/customers', body: { reference } });
    expect(other.status).toBe(201);
    const grant = await running().grantFor(token, {}, 'globex');
    const id = `shred_${'7'.repeat(26)}`;
    const shred = (more: object = {}, path = id) =>
      running().call({
        method: 'PUT',
        path: `/v1/shreddings/${path}`,
        as: { subject: SUBJECTS.anyMerchant },
        headers: { 'cofferdam-merchant': 'globex' },
        body: { confirmation: 'shred every card of globex' },
        ...more,
      });
    const replica = await newReplica(running().world, { generation: 11 });
    try {
      expect((await shred({ as: 'globexShop' })).status).toBe(403);
      expect((await shred({ body: { confirmation: 'globex' } })).body.code).toBe('invalid_request');
      expect((await shred()).status).toBe(202);
      expect([(await shred()).status, (await shred({}, `shred_${'8'.repeat(26)}`)).status]).toEqual([
        200, 409,
      ]);

      const refused = await running().tokenize(running().freshNumber(), shop);
      expect([refused.status, refused.body.code]).toEqual([503, 'key_unavailable']);
      expect((await redeem(running(), grant)).body.code).toBe('token_not_found');
      const refusals = await running().owner.query(
        `SELECT token FROM audit WHERE action = 'reveal.refused' AND detail LIKE '%merchant_shredded%'`,
      );
      expect(refusals.rows).toEqual([{ token }]);
      await replica.rekey.step(); // with a rekey under way, which takes no notice
      // A replica was making a key meanwhile, and has not read that there is to be none.
      await running().owner.query(
        `INSERT INTO data_keys (merchant, purpose, version, generation, kms_key_arn, wrapped, created_at)
         SELECT merchant, purpose, max(version) + 1, max(generation), max(kms_key_arn), 'wrapped', now()
         FROM data_keys WHERE merchant = $1 AND purpose = 'record' GROUP BY merchant, purpose`,
        ['globex'],
      );

      replica.pass(2 * MINUTES);
      await replica.shreddings.step();
      await replica.shreddings.step();
      const { body } = await running().call({
        path: `/v1/shreddings/${id}`,
        as: { subject: SUBJECTS.anyMerchant },
        headers: { 'cofferdam-merchant': 'globex' },
      });
      expect(body).toMatchObject({ state: 'awaiting_backups', merchant: 'globex' });
      const left = await running().owner.query(
        `SELECT (SELECT count(*)::int FROM data_keys WHERE merchant = $1 AND wrapped <> '') AS keys,
                (SELECT count(*)::int FROM cards WHERE merchant = $1) AS cards,
                (SELECT count(*)::int FROM tokens WHERE merchant = $1 AND state <> 'deleted') AS tokens,
                (SELECT count(*)::int FROM records JOIN tokens USING (token) WHERE merchant = $1) AS records,
                (SELECT count(*)::int FROM idempotency_keys WHERE merchant = $1) AS answers,
                (SELECT count(*)::int FROM reveal_grants WHERE merchant = $1) AS grants,
                -- What was deleted before has a last event of its own, with which its number goes.
                (SELECT count(*)::int FROM outbox_subject s JOIN tokens ON token = s.subject
                 WHERE merchant = $1 AND NOT EXISTS (
                   SELECT FROM outbox o WHERE o.subject = token AND type = 'token.deleted')) AS subjects,
                (SELECT count(*)::int FROM credentials WHERE merchant = $1) AS credentials,
                (SELECT count(*)::int FROM agreements WHERE merchant = $1) AS agreements,
                (SELECT array_agg(merchant) FROM customers WHERE reference = $2) AS customers`,
        ['globex', reference],
      );
      const none = { keys: 0, cards: 0, tokens: 0, records: 0, answers: 0, grants: 0, subjects: 0 };
      expect(left.rows).toEqual([{ ...none, credentials: 0, agreements: 0, customers: ['acme'] }]);
      const { rows } = await running().owner.query(
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
      expect((await running().call({ path: `/v1/tokens/${token}`, ...shop })).body.code).toBe(
        'token_not_found',
      );
      expect((await reveal(running(), kept.body.token)).status).toBe(200);

      const again = await running().tokenize(number, shop);
      expect(again.status).toBe(201);
      expect(again.body.token).not.toBe(token);
      expect((await shred()).status).toBe(200); // a repetition of the same
      const anew = await running().grantFor(again.body.token, {}, 'globex');
      expect((await redeem(running(), anew)).status).toBe(200);
      await replica.rekey.step();
    } finally {
      await replica.close();
    }
  });
}
