import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TokenPage, TokenRecord } from '@cofferdam/contracts';
import { expect, it, onTestFailed } from 'vitest';
import { eraseEnded } from '../../src/erase-ended.ts';
import { newReplica } from '../support/replica.ts';
import type { RunningVault } from '../support/running-vault.ts';

/** For a suite with a vault that runs. */
export function endingTokens(running: () => RunningVault): void {
  const make = async (number: string, more: object) => {
    const body = { card: { number, expiryMonth: 12, expiryYear: 2032 }, ...more };
    const headers = { 'idempotency-key': randomUUID() };
    const again = () => running().call({ path: '/v1/tokens', body, headers });
    return { ...(await again()), again };
  };
  const trailOf = async (token: string) => {
    const { rows: events } = await running().owner.query(
      "SELECT 1 FROM outbox WHERE subject = $1 AND type = 'token.expired'",
      [token],
    );
    const { rows: audit } = await running().owner.query(
      "SELECT subject FROM audit WHERE token = $1 AND action = 'token.expired'",
      [token],
    );
    const { rowCount: records } = await running().owner.query('SELECT 1 FROM records WHERE token = $1', [
      token,
    ]);
    return { events: events.length, audit: audit.map(({ subject }) => subject), records };
  };

  it('is gone for every caller at its end, erased soon after, and makes room for another', async () => {
    const number = running().freshNumber();
    const { status, body, again } = await make(number, { ttlSeconds: 1 });
    expect(status).toBe(201);
    const { expiresAt } = TokenRecord.parse(body);
    expect(Date.parse(expiresAt ?? '') - Date.now()).toBeGreaterThan(-1000);
    const { grant, attemptId, connector } = await running().grantFor(body.token);
    const holder = await running().owner.connect();
    onTestFailed(() => holder.release(true));
    await holder.query('BEGIN');
    // Kept from being erased: what is refused is refused because of the time.
    await holder.query('SELECT 1 FROM cards WHERE card_id = $1 FOR UPDATE', [body.card['cardId']]);
    await sleep(1100);

    const path = `/v1/tokens/${body.token}`;
    const gone = { status: 404, body: { code: 'token_not_found' } };
    expect(await running().call({ path })).toMatchObject(gone);
    expect(
      await running().call({ path, method: 'PATCH', body: { card: { expiryYear: 2040 } } }),
    ).toMatchObject(gone);
    expect((await running().grantFor(body.token)).answer).toMatchObject(gone);
    const revealed = await running().call({
      path: '/v1/reveals',
      as: 'stripe',
      body: { grant, attemptId, connector },
    });
    expect(revealed).toMatchObject(gone);
    expect(await again()).toMatchObject(gone);
    const { tokens } = (await running().call({ path: '/v1/tokens?limit=5' })).body as unknown as TokenPage;
    expect(tokens.map(({ token }) => token)).not.toContain(body.token);
    expect((await trailOf(body.token)).records).toBe(1);

    const next = make(number, {});
    await holder.query('ROLLBACK');
    holder.release();
    expect((await next).status).toBe(201);
    expect((await next).body.token).not.toBe(body.token);
    expect((await running().call({ path, method: 'DELETE' })).status).toBe(204);
    await expect
      .poll(() => trailOf(body.token))
      .toEqual({ events: 1, audit: ['vault:acme-dev'], records: 0 });
  });

  it('lives to the latest end that was asked for', async () => {
    const number = running().freshNumber();
    const [soon, late] = ['2040-01-01T00:00:00.000Z', '2041-01-01T00:00:00.000Z'];
    const first = await make(number, { expiresAt: soon });
    const ends: unknown[] = [first.body];
    for (const more of [{ expiresAt: late }, { ttlSeconds: 60 }, {}, { expiresAt: soon }]) {
      const { status, body } = await make(number, more);
      expect([status, body.token]).toEqual([200, first.body.token]);
      ends.push(body);
    }
    expect(ends.map((body) => TokenRecord.parse(body).expiresAt)).toEqual([
      soon,
      late,
      late,
      undefined,
      undefined,
    ]);
    expect(ends.map((body) => TokenRecord.parse(body).recordVersion)).toEqual([1, 2, 2, 3, 3]);
  });

  it('ends for a repeated request when it ends by now, whatever the first answer said', async () => {
    const { body, again } = await make(running().freshNumber(), { ttlSeconds: 60 });
    const change = (what: string) => running().owner.query(`UPDATE ${what} WHERE token = $1`, [body.token]);
    // As if time had passed, and another request had put the end off.
    await change(
      `idempotency_keys SET answer = replace(answer::text, '"expiresAt":"20', '"expiresAt":"19')::json`,
    );
    expect(await again()).toMatchObject({ status: 201, body: { token: body.token } });
    await change(`tokens SET expires_at = now() - interval '1 second'`);
    expect(await again()).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  });

  it('is erased once, by however many replicas', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, () => make(running().freshNumber(), { ttlSeconds: 1 })),
    );
    const replica = await newReplica(running().world, { generation: 0 });
    await sleep(1100);
    await Promise.all([1, 2, 3].map(() => eraseEnded(replica.vault)));
    for (const { body } of made) {
      await expect.poll(() => trailOf(body.token)).toMatchObject({ events: 1, records: 0 });
    }
    await replica.close();
  });

  it.each([
    ['both ways of saying when', { ttlSeconds: 60, expiresAt: '2040-01-01T00:00:00Z' }],
    ['an end that has passed', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['no time at all', { ttlSeconds: 0 }],
  ])('refuses %s', async (_name, more) => {
    const answer = await make(running().freshNumber(), more);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
}
