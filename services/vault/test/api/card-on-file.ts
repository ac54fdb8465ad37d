import { randomUUID } from 'node:crypto';
import {
  Agreement,
  AgreementPage,
  Credential,
  CredentialList,
  CredentialRecord,
  Customer,
  CustomerPage,
  TokenPage,
} from '@cofferdam/contracts';
import { expect, it, onTestFailed, vi } from 'vitest';
import type { RunningVault } from '../support/running-vault.ts';
import type { Answer, Call } from '../support/vault-caller.ts';

const TERMS = { type: 'recurring', initiator: 'merchant' } as const;

/** An agreement of acme, with all that it needs. */
export async function makeAgreement(running: RunningVault) {
  const { customer, token } = await onFile(running);
  const { body } = await running.call({ path: '/v1/agreements', body: { token, ...TERMS } });
  return { customer, token, agreement: Agreement.parse(body).agreement };
}

async function makeCustomer({ call }: RunningVault, body: object = {}): Promise<string> {
  const answer = await call({ path: '/v1/customers', body });
  expect(answer.status).toBe(201);
  return Customer.parse(answer.body).customer;
}

/** A fresh token, on file for a customer. */
async function onFile(running: RunningVault, more: { customer?: string; body?: object } = {}) {
  const { customer = await makeCustomer(running) } = more;
  const { token } = (await running.tokenize(running.freshNumber())).body;
  const answer = await putOnFile(running, customer, { token, ...more.body });
  expect(answer.status).toBe(201);
  return { customer, token };
}

/** As a client does it: what waited too long for somebody else is asked again. */
async function settled(send: () => Promise<Answer>): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await send();
      expect(['request_in_progress', 'overloaded']).not.toContain(answer.body?.code);
      return answer;
    },
    { timeout: 20_000 },
  );
}

const credentialsOf = (customer: string) => `/v1/customers/${customer}/credentials`;
const putOnFile = ({ call }: RunningVault, customer: string, body: object, more: Partial<Call> = {}) =>
  call({ path: credentialsOf(customer), body, ...more });

/** Customers, credentials and agreements of a vault that the suite has started. */
export function cardOnFile(vault: () => RunningVault): void {
  const get = async (path: string) => (await vault().call({ path })).body;
  const customerOf = async (customer: string) => Customer.parse(await get(`/v1/customers/${customer}`));
  const patch = (path: string, body: object, headers: Record<string, string> = {}) =>
    vault().call({ method: 'PATCH', path, body, headers });
  const remove = (path: string, more: Partial<Call> = {}) =>
    vault().call({ method: 'DELETE', path, ...more });
  const codeOf = ({ status, body }: Answer) => [status, body?.code];
  const eventsOf = async (customer: string) => {
    const { rows } = await vault().owner.query<{ type: string; data: Record<string, unknown> }>(
      'SELECT type, data FROM outbox WHERE subject = $1 ORDER BY sequence',
      [customer],
    );
    return rows;
  };
  const actionsOf = async (customer: string) => {
    const { rows } = await vault().owner.query<{ action: string }>(
      `SELECT action FROM audit WHERE detail::json->>'customer' = $1 ORDER BY time, action`,
      [customer],
    );
    return rows.map(({ action }) => action);
  };

  it('makes a customer once for a key, and one alone for a reference', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const reference = `user-${randomUUID()}`;
    const make = (body: object, more: Partial<Call> = {}) =>
      vault().call({ path: '/v1/customers', body, ...more });
    const all = await Promise.all([1, 2, 3].map(() => settled(() => make({ reference }, { headers }))));
    expect(new Set(all.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    const made = Customer.parse(all[0]?.body);
    expect(made).toMatchObject({ reference, version: 1 });
    expect(all[0]?.headers.get('etag')).toBe('"1"');
    expect(codeOf(await make({ reference: 'another' }, { headers }))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
    expect(codeOf(await make({ reference }))).toEqual([409, 'customer_reference_taken']);
    expect((await make({ reference }, { as: 'globexShop' })).status).toBe(201);
    expect(codeOf(await make({ reference: 'x' }, { headers: { 'idempotency-key': '' } }))[0]).toBe(400);

    const found = CustomerPage.parse(await get(`/v1/customers?reference=${reference}`));
    expect(found).toEqual({ customers: [made] });
    expect(await eventsOf(made.customer)).toEqual([{ type: 'customer.created', data: {} }]);
    expect(await actionsOf(made.customer)).toEqual(['customer.created']);
  });

  it.each([
    ['a card number', { reference: '4242-4242-4242-4242' }],
    ['an address', { reference: 'ada@example.com' }],
    ['a name', { name: 'Ada Lovelace' }],
    ['a merchant', { merchant: 'globex' }],
  ])('keeps of a customer no %s', async (_what, body) => {
    const answer = await vault().call({ path: '/v1/customers', body });
    expect(codeOf(answer)).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(answer.body)).not.toMatch(/4242|Ada|ada/);
  });

  it('lists customers once each, newest first, and to their merchant alone', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push(await makeCustomer(vault()));
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const page = CustomerPage.parse(
        await get(`/v1/customers?limit=2${next === undefined ? '' : `&after=${next}`}`),
      );
      seen.push(...page.customers.map(({ customer }) => customer));
      next = page.next;
    } while (next !== undefined && seen.length < 5);
    expect(seen.slice(0, 5)).toEqual(made.toReversed());
    const others = await vault().call({ path: '/v1/customers?limit=200', as: 'globexShop' });
    expect(JSON.stringify(others.body)).not.toContain(made[0]);
    expect(codeOf(await vault().call({ path: '/v1/customers?after=x' }))).toEqual([400, 'invalid_request']);
  });

  it('puts a token on file for one customer at most, whoever asks first', async () => {
    const [one, other] = [await makeCustomer(vault()), await makeCustomer(vault())];
    const { body } = await vault().tokenize(vault().freshNumber());
    const { token } = body;
    const answers = await Promise.all(
      [one, other, one, other].map((customer) => settled(() => putOnFile(vault(), customer, { token }))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201, 409, 409]);
    const [owner, loser] = answers[0]?.status === 409 ? [other, one] : [one, other];
    const refused = await putOnFile(vault(), loser, { token });
    expect(codeOf(refused)).toEqual([409, 'token_on_file']);
    expect(refused.body.detail).toContain(owner);
    const path = credentialsOf(owner);
    const { credentials } = CredentialList.parse(await get(path));
    expect(credentials).toEqual([{ ...body, customer: owner, isDefault: true, addedAt: expect.any(String) }]);

    await patch(`/v1/tokens/${token}`, { card: { expiryYear: 2040 } });
    const record = CredentialRecord.parse(await get(`${path}/${token}`));
    expect(record.versions.map(({ version, card }) => [version, card.expiryYear])).toEqual([
      [2, 2040],
      [1, 2032],
    ]);
    const listed = TokenPage.parse(await get(`/v1/tokens?customer=${owner}`));
    expect(listed.tokens.map((one) => one.token)).toEqual([token]);
    expect(TokenPage.parse(await get(`/v1/tokens?customer=${owner}&brand=amex`)).tokens).toEqual([]);
    expect(TokenPage.parse(await get(`/v1/tokens?customer=${loser}`)).tokens).toEqual([]);
  });

  it('has one default or none, and says why', async () => {
    const customer = await makeCustomer(vault());
    const [a, b, c] = [
      await onFile(vault(), { customer }),
      await onFile(vault(), { customer }),
      await onFile(vault(), { customer, body: { makeDefault: true } }),
    ].map(({ token }) => token);
    expect(await customerOf(customer)).toMatchObject({
      defaultCredential: c,
      defaultChange: { reason: 'requested', from: a },
    });
    const path = `/v1/customers/${customer}`;
    const { version } = await customerOf(customer);
    const raced = await Promise.all(
      [a, b, null].map((token) => patch(path, { defaultCredential: token }, { 'if-match': `"${version}"` })),
    );
    expect(raced.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    await Promise.all(
      [a, b, c, a, b, c].map((token) => settled(() => patch(path, { defaultCredential: token }))),
    );
    const { credentials } = CredentialList.parse(await get(credentialsOf(customer)));
    const defaults = credentials.filter(({ isDefault }) => isDefault).map(({ token }) => token);
    expect(defaults).toEqual([(await customerOf(customer)).defaultCredential]);

    const [gone = ''] = defaults;
    expect((await remove(`${credentialsOf(customer)}/${gone}`)).status).toBe(204);
    expect((await remove(`${credentialsOf(customer)}/${gone}`)).status).toBe(204);
    const after = await customerOf(customer);
    expect(after).not.toHaveProperty('defaultCredential');
    expect(after.defaultChange).toMatchObject({ reason: 'credential_removed', from: gone });
    expect((await vault().call({ path: `/v1/tokens/${gone}` })).status).toBe(200);
    expect(codeOf(await patch(path, { defaultCredential: gone }))).toEqual([404, 'credential_not_found']);
    const again = Credential.parse((await putOnFile(vault(), customer, { token: gone })).body);
    expect(again.isDefault).toBe(true);
    expect((await eventsOf(customer)).slice(-4)).toEqual([
      { type: 'customer.updated', data: expect.objectContaining({ defaultCredential: null, from: gone }) },
      { type: 'credential.removed', data: { token: gone, reason: 'credential_removed' } },
      { type: 'credential.added', data: { token: gone } },
      {
        type: 'customer.updated',
        data: expect.objectContaining({ defaultCredential: gone, reason: 'first_credential' }),
      },
    ]);
    const { rows } = await vault().owner.query(
      'SELECT array_agg(sequence::int ORDER BY sequence) AS sequences FROM outbox WHERE subject = $1',
      [customer],
    );
    expect(rows[0]?.sequences).toEqual(Array.from(rows[0]?.sequences ?? [], (_, i) => i + 1));
    // The database holds to it whatever code runs.
    const stranger = (await vault().tokenize(vault().freshNumber())).body.token;
    const forced = vault().owner.query('UPDATE customers SET default_token = $1 WHERE customer = $2', [
      stranger,
      customer,
    ]);
    await expect(forced).rejects.toMatchObject({ constraint: 'default_is_on_file' });
  });

  it('changes a reference and takes it away, and makes no version of what is the same', async () => {
    const [reference, next] = [`user-${randomUUID()}`, `user-${randomUUID()}`];
    const customer = await makeCustomer(vault(), { reference });
    const taken = await makeCustomer(vault(), { reference: next });
    const path = `/v1/customers/${customer}`;
    expect(codeOf(await patch(path, { reference: next }))).toEqual([409, 'customer_reference_taken']);
    expect((await patch(path, { reference })).body).toMatchObject({ version: 1 });
    await patch(`/v1/customers/${taken}`, { reference: null });
    const answer = await patch(path, { reference: next });
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(await customerOf(customer)).toMatchObject({ reference: next, version: 2 });
    expect(JSON.stringify(await eventsOf(customer))).not.toContain('user-');
    expect(codeOf(await patch(path, {}))).toEqual([400, 'invalid_request']);
  });

  it('keeps what was agreed, and the network transaction id once', async () => {
    const { customer, token } = await onFile(vault());
    const body = {
      ...{ token, type: 'instalment', initiator: 'merchant' },
      ...{ amount: 2500, currency: 'EUR', instalmentCount: 4 },
    };
    const headers = { 'idempotency-key': randomUUID() };
    const create = () => vault().call({ path: '/v1/agreements', body, headers });
    const [first, second] = await Promise.all([settled(create), settled(create)]);
    expect(second?.body).toEqual(first?.body);
    const made = Agreement.parse(first?.body);
    expect(made).toMatchObject({ ...body, customer, state: 'active', version: 1 });

    const path = `/v1/agreements/${made.agreement}`;
    const id = '016150703802094';
    const raced = await Promise.all(
      [id, '483297487231504'].map((networkTransactionId) =>
        settled(() => patch(path, { networkTransactionId })),
      ),
    );
    expect(raced.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { networkTransactionId } = Agreement.parse(await get(path));
    expect((await patch(path, { networkTransactionId })).body).toMatchObject({ version: 2, network: 'visa' });
    expect(codeOf(await patch(path, { networkTransactionId: '999999999999999' }))).toEqual([
      ...[409, 'network_transaction_id_set'],
    ]);
    // An updater may give the token a card of another network, to which the id says nothing.
    await vault().owner.query(`UPDATE tokens SET brand = 'mastercard' WHERE token = $1`, [token]);
    const moved = await patch(path, { networkTransactionId: 'MCC1234560101' });
    expect(Agreement.parse(moved.body)).toMatchObject({ network: 'mastercard', version: 3 });

    expect(codeOf(await patch(path, { state: 'ended' }, { 'if-match': '"2"' }))).toEqual([
      412,
      'version_mismatch',
    ]);
    const ended = Agreement.parse((await patch(path, { state: 'ended' }, { 'if-match': '"3"' })).body);
    expect(ended).toMatchObject({ state: 'ended', endReason: 'requested', version: 4 });
    expect(Agreement.parse((await patch(path, { state: 'ended' })).body)).toEqual(ended);
    expect(codeOf(await patch(path, { networkTransactionId: 'MCC1234560102' }))).toEqual([
      409,
      'agreement_ended',
    ]);
    const types = (await eventsOf(customer)).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('agreement.'))).toEqual([
      ...['agreement.created', 'agreement.updated', 'agreement.updated', 'agreement.ended'],
    ]);
    expect(await actionsOf(customer)).toEqual(expect.arrayContaining(types));
  });

  it('lists agreements by customer, credential and state', async () => {
    const { customer, token } = await onFile(vault());
    const made: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await vault().call({ path: '/v1/agreements', body: { token, ...TERMS } });
      made.push(Agreement.parse(body).agreement);
    }
    const [gone = '', ...active] = made;
    await patch(`/v1/agreements/${gone}`, { state: 'ended' });
    const names = async (query: string) => {
      const page = AgreementPage.parse(await get(`/v1/agreements?${query}`));
      return { agreements: page.agreements.map(({ agreement }) => agreement), next: page.next };
    };
    const newest = active.toReversed();
    for (const query of [`customer=${customer}`, `token=${token}`, `customer=${customer}&token=${token}`]) {
      expect(await names(query)).toEqual({ agreements: newest, next: undefined });
      expect((await names(`${query}&state=ended`)).agreements).toEqual([gone]);
    }
    const first = await names('limit=1');
    expect(first.agreements).toEqual(newest.slice(0, 1));
    expect((await names(`limit=1&after=${first.next}`)).agreements).toEqual(newest.slice(1));
    const other = await makeCustomer(vault());
    expect((await names(`customer=${other}`)).agreements).toEqual([]);
  });

  it.each([
    [
      'no instalments',
      { type: 'instalment', initiator: 'merchant', amount: 1, currency: 'EUR' },
      'instalmentCount',
    ],
    ['instalments of a subscription', { ...TERMS, instalmentCount: 3 }, 'instalmentCount'],
    ['an amount without a currency', { ...TERMS, amount: 100 }, 'currency'],
    [
      'a fixed amount of what is unscheduled',
      { ...TERMS, type: 'unscheduled', amount: 1, currency: 'EUR' },
      'amount',
    ],
    ['a subscription that the customer pays each time', { ...TERMS, initiator: 'customer' }, 'initiator'],
    [
      'a card number for an id',
      { ...TERMS, networkTransactionId: '4242424242424242' },
      'networkTransactionId',
    ],
  ])('refuses an agreement with %s', async (_what, terms, field) => {
    const token = `tok_${'0'.repeat(26)}`;
    const answer = await vault().call({ path: '/v1/agreements', body: { token, ...terms } });
    expect(codeOf(answer)).toEqual([400, 'invalid_request']);
    expect(answer.body.errors.map((error) => error.field)).toEqual([field]);
  });

  it('refuses the number of the card itself for an id, also one of fifteen digits', async () => {
    const customer = await makeCustomer(vault());
    const number = '371449635398431';
    const { token } = (await vault().tokenize(number)).body;
    await putOnFile(vault(), customer, { token });
    const body = { token, ...TERMS, networkTransactionId: number };
    const answer = await vault().call({ path: '/v1/agreements', body });
    expect(codeOf(answer)).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(answer.body)).not.toContain('449635');
  });

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
