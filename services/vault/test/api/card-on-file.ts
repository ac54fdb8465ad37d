import { randomUUID } from 'node:crypto';
import {
  Credential,
  CredentialList,
  CredentialRecord,
  Customer,
  CustomerPage,
  TokenPage,
} from '@cofferdam/contracts';
import { expect, it } from 'vitest';
import { credentialsOf, makeCustomer, onFile, onFileCalls, putOnFile, settled } from '../support/on-file.ts';
import type { RunningVault } from '../support/running-vault.ts';
import type { Call } from '../support/vault-caller.ts';

/** Customers and credentials of a vault that the suite has started. */
export function cardOnFile(vault: () => RunningVault): void {
  const { get, customerOf, patch, remove, codeOf, eventsOf, actionsOf } = onFileCalls(vault);

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
}
