import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newAttemptId, type RunningVault, startVault } from './support/running-vault.ts';
import { CARDS, type Caller } from './support/vault-caller.ts';
import { SUBJECTS } from './support/vault-world.ts';

let running: RunningVault;
beforeAll(async () => {
  running = await startVault();
});
afterAll(() => running?.close());

describe('POST /v1/reveals', () => {
  let token: string;
  const number = CARDS.mastercard;
  beforeAll(async () => {
    token = (await running.tokenize(number)).body.token;
  });
  const redeem = (body: object, as: Parameters<Caller>[0]['as'] = 'stripe') =>
    running.call({ path: '/v1/reveals', as, body });
  const reasonsOf = async (attemptId: string) => {
    const { rows } = await running.owner.query<{ reason: string }>(
      `SELECT detail::json->>'reason' AS reason FROM audit
       WHERE action = 'reveal.refused' AND detail::json->>'attemptId' = $1 ORDER BY time`,
      [attemptId],
    );
    return rows.map((row) => row.reason);
  };
  const refused = { status: 403, body: { code: 'grant_invalid' } };

  it('shows the card to the workload of the grant, once', async () => {
    const { grant, attemptId, connector } = await running.grantFor(token);
    const first = await redeem({ grant, attemptId, connector });
    expect(first).toMatchObject({
      status: 200,
      body: { token, card: { number, expiryMonth: 12, expiryYear: 2032 } },
    });
    expect(await redeem({ grant, attemptId, connector })).toMatchObject(refused);
    const { rows } = await running.owner.query(
      `SELECT action, subject, detail::json->>'reason' AS reason FROM audit WHERE detail::json->>'attemptId' = $1 ORDER BY time`,
      [attemptId],
    );
    expect(rows).toEqual([
      { action: 'grant.created', subject: SUBJECTS.router, reason: null },
      { action: 'token.revealed', subject: SUBJECTS.stripe, reason: null },
      { action: 'reveal.refused', subject: SUBJECTS.stripe, reason: 'redeemed_before' },
    ]);
  });

  it('shows it to one of 8 that come at once', async () => {
    const { grant, attemptId, connector } = await running.grantFor(token);
    const all = await Promise.all(Array.from({ length: 8 }, () => redeem({ grant, attemptId, connector })));
    expect(all.map((answer) => answer.status).sort()).toEqual([200, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('refuses another workload, attempt, connector, and a grant that is unknown or has expired', async () => {
    const { grant, attemptId, connector } = await running.grantFor(token);
    expect(await redeem({ grant, attemptId, connector }, 'adyen')).toMatchObject(refused);
    expect(await redeem({ grant, attemptId: newAttemptId(), connector })).toMatchObject(refused);
    expect(await redeem({ grant, attemptId, connector: 'adyen' })).toMatchObject(refused);
    expect(await redeem({ grant: `grant_${'A'.repeat(43)}`, attemptId, connector })).toMatchObject(refused);
    expect((await redeem({ grant, attemptId, connector })).status).toBe(200);

    const short = await running.grantFor(token, { ttlSeconds: 1 });
    await sleep(1100);
    expect(await redeem({ grant: short.grant, attemptId: short.attemptId, connector })).toMatchObject(
      refused,
    );
  });

  it('refuses the grant of a token that has been deleted since, and audits that too', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    const { grant, attemptId, connector } = await running.grantFor(body.token);
    await running.call({ path: `/v1/tokens/${body.token}`, method: 'DELETE' });
    expect(await redeem({ grant, attemptId, connector })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
    expect(await reasonsOf(attemptId)).toEqual(['token_deleted']);
  });

  it('shows nothing of a token whose deletion was answered while the reveal was being committed', async () => {
    // Until a machine that is busy has let it happen within the vault's lock timeout.
    for (let status = 503; status === 503; ) {
      const { body } = await running.tokenize(running.freshNumber());
      const { grant, attemptId, connector } = await running.grantFor(body.token);
      const holder = await running.owner.connect();
      let revealed: ReturnType<typeof redeem>;
      try {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM reveal_grants WHERE attempt_id = $1 FOR UPDATE', [attemptId]);
        let isAnswered = false;
        revealed = redeem({ grant, attemptId, connector }).finally(() => {
          isAnswered = true;
        });
        await vi.waitFor(
          async () => {
            const { rows } = await running.owner.query('SELECT FROM pg_locks WHERE NOT granted');
            expect(isAnswered || rows.length > 0).toBe(true);
          },
          { timeout: 20_000, interval: 5 },
        );
        expect((await running.call({ path: `/v1/tokens/${body.token}`, method: 'DELETE' })).status).toBe(204);
        await holder.query('COMMIT');
      } finally {
        holder.release(true);
      }
      const answer = await revealed;
      status = answer.status;
      if (status !== 503) expect(answer).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
    }
  });

  it('refuses a token that is not bound to a pod or lives longer than ten minutes', async () => {
    const { grant, attemptId, connector } = await running.grantFor(token);
    const subject = SUBJECTS.stripe;
    const forbidden = { status: 403, body: { code: 'forbidden' } };
    expect(await redeem({ grant, attemptId, connector }, { subject, podBound: false })).toMatchObject(
      forbidden,
    );
    expect(await redeem({ grant, attemptId, connector }, { subject, lifetimeSeconds: 3600 })).toMatchObject(
      forbidden,
    );
    // The second is like the first, and is counted.
    expect(await reasonsOf(attemptId)).toEqual(['not_a_short_lived_workload']);
    expect((await redeem({ grant, attemptId, connector }, { subject, lifetimeSeconds: 600 })).status).toBe(
      200,
    );
  });

  it('replaces a grant that was not redeemed, and grants an attempt nothing more after it was', async () => {
    const first = await running.grantFor(token);
    const { attemptId, connector } = first;
    const second = await running.grantFor(token, { attemptId });
    expect(await redeem({ grant: first.grant, attemptId, connector })).toMatchObject(refused);
    expect((await redeem({ grant: second.grant, attemptId, connector })).status).toBe(200);
    expect((await running.grantFor(token, { attemptId })).answer).toMatchObject(refused);
  });

  it('grants nothing for a token of another merchant', async () => {
    const { body } = await running.tokenize(running.freshNumber(), { as: 'globexShop' });
    expect((await running.grantFor(body.token)).answer).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
  });
});

it('shows nothing of a record that was moved or altered, and says so to caller, audit and metrics', async () => {
  const numbers = Array.from({ length: 5 }, () => running.freshNumber());
  const tokens: string[] = [];
  for (const number of numbers) tokens.push((await running.tokenize(number)).body.token);
  const [a = '', b = '', bit = '', version = '', format = ''] = tokens;
  await running.owner.query(
    `UPDATE records r SET sealed = o.sealed FROM records o
     WHERE (r.token, o.token) IN (($1, $2), ($2, $1)) AND r.version = o.version`,
    [a, b],
  );
  const alter = (what: string, token: string) =>
    running.owner.query(`UPDATE records SET ${what} WHERE token = $1`, [token]);
  await alter('sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)', bit);
  await alter('key_version = key_version + 7', version);
  await alter('format = format + 1', format);

  for (const [i, token] of tokens.entries()) {
    const { grant, attemptId, connector } = await running.grantFor(token);
    const revealing = { path: '/v1/reveals', as: 'stripe' as const, body: { grant, attemptId, connector } };
    for (const answer of [await running.call(revealing), await running.tokenize(numbers[i] ?? '')]) {
      expect([answer.status, answer.body.code]).toEqual([500, 'integrity_error']);
      expect(answer.body.card).toBeUndefined();
    }
  }
  const { rows } = await running.owner.query(
    "SELECT DISTINCT token FROM audit WHERE action = 'integrity.failed' AND merchant = 'acme'",
  );
  expect(rows.map(({ token }) => token).sort()).toEqual([...tokens].sort());
  const metrics = await (await running.world.tls.fetch(`${await running.vault.url()}/metrics`)).text();
  expect(metrics).toMatch(/^cofferdam_integrity_errors_total\{found_by="request"\} 10$/m);
});

it('no card number of these tests is in a table, a log or an answer', async () => {
  expect(await running.hunt()).toEqual([]);
});
