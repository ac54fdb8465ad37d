import { randomUUID } from 'node:crypto';
import { Agreement, AgreementPage, CredentialList, TokenPage } from '@cofferdam/contracts';
import { expect, it, onTestFailed } from 'vitest';
import {
  credentialsOf,
  makeAgreement,
  makeCustomer,
  onFile,
  onFileCalls,
  putOnFile,
  settled,
  TERMS,
} from '../support/on-file.ts';
import type { RunningVault } from '../support/running-vault.ts';
import type { Answer, Call } from '../support/vault-caller.ts';

/** What is on file, and goes; and what nobody may do with it. */
export function offFile(vault: () => RunningVault): void {
  const { get, customerOf, patch, remove, codeOf, eventsOf, actionsOf } = onFileCalls(vault);

  it('takes a deleted token off file, and ends what was agreed for it', async () => {
    const { customer, token, agreement } = await makeAgreement(vault());
    expect((await remove(`/v1/tokens/${token}`)).status).toBe(204);
    expect(CredentialList.parse(await get(credentialsOf(customer)))).toEqual({ credentials: [] });
    expect(await customerOf(customer)).toMatchObject({
      defaultChange: { reason: 'token_deleted', from: token },
    });
    expect(Agreement.parse(await get(`/v1/agreements/${agreement}`))).toMatchObject({
      ...{ state: 'ended', endReason: 'token_deleted' },
    });
    expect((await eventsOf(customer)).slice(-3).map(({ type }) => type)).toEqual([
      ...['agreement.ended', 'customer.updated', 'credential.removed'],
    ]);
    expect(codeOf(await putOnFile(vault(), customer, { token }))).toEqual([404, 'token_not_found']);
  });

  it('takes a token off file that is at its end', async () => {
    const customer = await makeCustomer(vault());
    const { token } = await onFile(vault(), { customer });
    const { body: made } = await vault().call({ path: '/v1/agreements', body: { token, ...TERMS } });
    const path = `/v1/agreements/${Agreement.parse(made).agreement}`;
    await vault().owner.query('UPDATE tokens SET expires_at = now() WHERE token = $1', [token]);
    await expect
      .poll(async () => Agreement.parse(await get(path)), { timeout: 20_000 })
      .toMatchObject({ state: 'ended', endReason: 'token_expired' });
    await expect
      .poll(() => actionsOf(customer), { timeout: 20_000 })
      .toEqual(expect.arrayContaining(['credential.removed', 'agreement.ended']));
    expect(await customerOf(customer)).not.toHaveProperty('defaultCredential');
  });

  it('deletes a customer with all that is on file, and keeps or erases the tokens as it is asked to', async () => {
    for (const tokens of ['keep', 'erase'] as const) {
      const reference = `user-${randomUUID()}`;
      const customer = await makeCustomer(vault(), { reference });
      const { token } = await onFile(vault(), { customer });
      await onFile(vault(), { customer });
      const { body } = await vault().call({ path: '/v1/agreements', body: { token, ...TERMS } });
      const path = `/v1/customers/${customer}`;
      const query = tokens === 'keep' ? '' : '?tokens=erase';
      expect(codeOf(await remove(`${path}?tokens=erase`, { as: 'support' }))).toEqual([403, 'forbidden']);
      const answers = await Promise.all([1, 2, 3].map(() => settled(() => remove(`${path}${query}`))));
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
      const other = tokens === 'keep' ? '?tokens=erase' : '';
      expect(codeOf(await remove(`${path}${other}`))).toEqual([404, 'customer_not_found']);
      expect(codeOf(await vault().call({ path }))).toEqual([404, 'customer_not_found']);
      const agreement = `/v1/agreements/${Agreement.parse(body).agreement}`;
      expect(codeOf(await vault().call({ path: agreement }))).toEqual([404, 'agreement_not_found']);
      expect((await vault().call({ path: `/v1/tokens/${token}` })).status).toBe(
        tokens === 'keep' ? 200 : 404,
      );
      const { rows } = await vault().owner.query(
        `SELECT (SELECT count(*)::int FROM credentials WHERE customer = $1) AS credentials,
                (SELECT count(*)::int FROM customers WHERE reference = $2) AS customers,
                (SELECT count(*)::int FROM idempotency_keys WHERE answer::text LIKE '%' || $2 || '%') AS answers`,
        [customer, reference],
      );
      expect(rows).toEqual([{ credentials: 0, customers: 0, answers: 0 }]);
      const last = (await eventsOf(customer)).at(-1);
      expect(last).toEqual({ type: 'customer.deleted', data: { tokens, credentials: 2, agreements: 1 } });
      expect((await actionsOf(customer)).filter((action) => action === 'credential.removed')).toHaveLength(2);
    }
  });

  it('locks in one order, whatever comes at the same time', async () => {
    const [one, two] = [await makeCustomer(vault()), await makeCustomer(vault())];
    const fresh = () => vault().tokenize(vault().freshNumber());
    const tokens = (await Promise.all([1, 2, 3, 4, 5, 6].map(fresh))).map(({ body }) => body.token);
    const agree = (token: string) => vault().call({ path: '/v1/agreements', body: { token, ...TERMS } });
    await Promise.all(tokens.map((token, i) => putOnFile(vault(), i % 2 === 0 ? one : two, { token })));
    const [a = '', b = '', c = '', d = '', e = '', f = ''] = tokens;
    const calls = [
      ...[a, c, e].map((token) => () => remove(`/v1/tokens/${token}`)),
      ...[a, b, c, d].map((token) => () => patch(`/v1/customers/${one}`, { defaultCredential: token })),
      ...[a, b, c, d, e, f].map((token) => () => agree(token)),
      ...[a, b, c].map((token) => () => putOnFile(vault(), one, { token, makeDefault: true })),
      ...[d, e, f].map((token) => () => remove(`${credentialsOf(two)}/${token}`)),
      ...[b, d, f].map((token) => () => putOnFile(vault(), two, { token })),
      () => remove(`/v1/customers/${two}?tokens=erase`),
      ...[b, d].map((token) => () => remove(`/v1/tokens/${token}`)),
    ];
    const answers = await Promise.all(calls.map((call) => settled(call)));
    const allowed = new Set([200, 201, 204, 404, 409]);
    expect(answers.filter(({ status }) => !allowed.has(status))).toEqual([]);
    expect(vault().vault.output.filter((line) => line.includes('deadlock'))).toEqual([]);
    const { rows } = await vault().owner.query(
      `SELECT token FROM tokens JOIN credentials USING (token) WHERE state = 'deleted'
       UNION ALL SELECT token FROM agreements a WHERE ended_at IS NULL AND customer = ANY ($1)
                 AND NOT EXISTS (SELECT 1 FROM credentials c WHERE c.token = a.token AND c.customer = a.customer)`,
      [[one, two]],
    );
    expect(rows).toEqual([]);
  });

  it('waits for a token without holding its customer, whom the one waits for who holds the token', async () => {
    const { customer, token } = await onFile(vault());
    const { token: fresh } = (await vault().tokenize(vault().freshNumber())).body;
    const calls: [token: string, call: () => Promise<Answer>][] = [
      [fresh, () => putOnFile(vault(), customer, { token: fresh })],
      [token, () => remove(`/v1/customers/${customer}?tokens=erase`)],
    ];
    for (const [held, call] of calls) {
      const holder = await vault().owner.connect();
      onTestFailed(() => holder.release(true));
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM tokens WHERE token = $1 FOR UPDATE', [held]);
      const under = settled(call);
      await expect
        .poll(async () => (await vault().owner.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount, {
          timeout: 20_000,
        })
        .toBe(1);
      await holder.query('SELECT 1 FROM customers WHERE customer = $1 FOR UPDATE NOWAIT', [customer]);
      await holder.query('ROLLBACK');
      holder.release();
      expect([201, 204]).toContain((await under).status);
    }
  });

  it('has limits, and says so', async () => {
    const { owner } = vault();
    const { customer, token } = await onFile(vault());
    await owner.query(
      `INSERT INTO agreements (agreement, merchant, customer, token, type, initiator, version, created_at, updated_at)
       SELECT 'agr_' || lpad(n::text, 26, 'l'), 'acme', $1, $2, 'recurring', 'merchant', 1, now(), now()
       FROM generate_series(1, 50) n`,
      [customer, token],
    );
    const agreed = await vault().call({ path: '/v1/agreements', body: { token, ...TERMS } });
    expect(codeOf(agreed)).toEqual([422, 'agreement_limit_reached']);
    const more = await makeCustomer(vault());
    await owner.query(
      `WITH made AS (
         INSERT INTO tokens (token, merchant, state, deduplicated, card_id, brand, bin, last_four, expiry_month,
                             expiry_year, record_version, created_at, updated_at)
         SELECT 'tok_' || lpad(n::text, 26, 'l'), 'acme', 'active', false, 'card_' || lpad(n::text, 26, 'l'), 'visa',
                '411111', '1111', 1, 2030, 1, '2000-01-01', now()
         FROM generate_series(1, 100) n RETURNING token)
       INSERT INTO credentials (token, merchant, customer, created_at) SELECT token, 'acme', $1, now() FROM made`,
      [more],
    );
    const { token: next } = (await vault().tokenize(vault().freshNumber())).body;
    expect(codeOf(await putOnFile(vault(), more, { token: next }))).toEqual([
      422,
      'credential_limit_reached',
    ]);
    await owner.query('DELETE FROM credentials WHERE customer = $1', [more]);
    await owner.query(`DELETE FROM tokens WHERE token LIKE 'tok_llll%'`);
  });

  it('knows nothing of what is another merchant’s', async () => {
    const { customer, token, agreement } = await makeAgreement(vault());
    const as = 'globexShop';
    const tries: [Partial<Call> & { path: string }, string][] = [
      [{ path: `/v1/customers/${customer}` }, 'customer_not_found'],
      [
        { path: `/v1/customers/${customer}`, method: 'PATCH', body: { reference: null } },
        'customer_not_found',
      ],
      [{ path: `/v1/customers/${customer}?tokens=erase`, method: 'DELETE' }, 'customer_not_found'],
      [{ path: credentialsOf(customer) }, 'customer_not_found'],
      [{ path: credentialsOf(customer), body: { token } }, 'customer_not_found'],
      [{ path: `${credentialsOf(customer)}/${token}` }, 'credential_not_found'],
      [{ path: `${credentialsOf(customer)}/${token}`, method: 'DELETE' }, 'customer_not_found'],
      [{ path: '/v1/agreements', body: { token, ...TERMS } }, 'credential_not_found'],
      [{ path: `/v1/agreements/${agreement}` }, 'agreement_not_found'],
      [
        { path: `/v1/agreements/${agreement}`, method: 'PATCH', body: { state: 'ended' } },
        'agreement_not_found',
      ],
    ];
    for (const [call, code] of tries) {
      expect([call.path, ...codeOf(await vault().call({ ...call, as }))]).toEqual([call.path, 404, code]);
    }
    const others = await vault().call({ path: `/v1/tokens?customer=${customer}`, as });
    expect(TokenPage.parse(others.body).tokens).toEqual([]);
    const agreements = await vault().call({ path: `/v1/agreements?token=${token}`, as });
    expect(AgreementPage.parse(agreements.body).agreements).toEqual([]);
    const path = `/v1/customers/${await makeCustomer(vault())}/credentials`;
    const { token: theirs } = (await vault().tokenize(vault().freshNumber(), { as })).body;
    expect(codeOf(await vault().call({ path, body: { token: theirs } }))).toEqual([404, 'token_not_found']);
    expect(Agreement.parse(await get(`/v1/agreements/${agreement}`)).state).toBe('active');
  });
}
