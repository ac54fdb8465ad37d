import { randomUUID } from 'node:crypto';
import { Agreement, AgreementPage } from '@cofferdam/contracts';
import { expect, it } from 'vitest';
import { makeCustomer, onFile, onFileCalls, putOnFile, settled, TERMS } from '../support/on-file.ts';
import type { RunningVault } from '../support/running-vault.ts';

/** Stored-credential agreements of a vault that the suite has started. */
export function agreements(vault: () => RunningVault): void {
  const { get, patch, codeOf, eventsOf, actionsOf } = onFileCalls(vault);

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
}
