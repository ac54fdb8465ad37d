import { randomUUID } from 'node:crypto';
import { CreatedToken } from '@cofferdam/contracts';
import { dumpDatabase } from '@cofferdam/devcluster/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCvcFor } from '../../src/cvc.ts';
import { newReplica, type Replica } from '../support/replica.ts';
import type { RunningVault } from '../support/running-vault.ts';
import { card } from '../support/vault-caller.ts';

/** Each begins with a zero, so that no count, port or process id looks like it, and has three digits: last fours do not. */
const CVCS = ['091', '046', '073', '008', '064'];

/** CVCs on their way through a vault that the suite has started. */
export function sealedCvcs(vault: () => RunningVault): void {
  let used = 0;
  let replica: Replica;
  beforeAll(async () => {
    replica = await newReplica(vault().world, { generation: 0 });
  });
  afterAll(() => replica?.close());

  const nextCvc = () => CVCS[used++ % CVCS.length] ?? '091';
  const tokenize = async (cvc: string | undefined, number: string, key = randomUUID()) => {
    const body = { ...card(number), ...(cvc === undefined ? {} : { cvc }) };
    const answer = await vault().call({ path: '/v1/tokens', body, headers: { 'idempotency-key': key } });
    return CreatedToken.parse(answer.body);
  };
  const reveal = async (token: string, sealedCvc: string | undefined, more: Record<string, unknown> = {}) => {
    const { grant, attemptId, connector } = await vault().grantFor(token, more);
    const send = (sealed: string | undefined) =>
      vault().call({
        path: '/v1/reveals',
        as: 'stripe',
        body: { grant, attemptId, connector, ...(sealed === undefined ? {} : { sealedCvc: sealed }) },
      });
    return { answer: await send(sealedCvc), send, attemptId };
  };
  const reasonOf = async (attemptId: string) => {
    const { rows } = await vault().owner.query<{ reason: string }>(
      `SELECT detail::json->>'reason' AS reason FROM audit
       WHERE action = 'reveal.refused' AND detail::json->>'attemptId' = $1 ORDER BY time DESC LIMIT 1`,
      [attemptId],
    );
    return rows[0]?.reason;
  };
  const unavailable = { status: 422, body: { code: 'cvc_unavailable' } };
  const paymentId = () => `pay_${randomUUID().replaceAll('-', '').slice(0, 26)}`;

  it('is given back with the card, for one payment and each of its attempts', async () => {
    const cvc = nextCvc();
    const { token, sealedCvc, sealedCvcExpiresAt } = await tokenize(cvc, vault().freshNumber());
    expect(Date.parse(sealedCvcExpiresAt ?? '') - Date.now()).toBeGreaterThan(890_000);
    const payment = { paymentId: paymentId() };
    for (const connector of ['stripe', 'stripe']) {
      const { answer } = await reveal(token, sealedCvc, { ...payment, connector });
      expect(answer).toMatchObject({ status: 200, body: { token, cvc } });
    }
    const other = await reveal(token, sealedCvc);
    expect(other.answer).toMatchObject(unavailable);
    expect(await reasonOf(other.attemptId)).toBe('cvc_used');
    // The grant is not spent: the card may be had without it.
    const without = await other.send(undefined);
    expect(without.status).toBe(200);
    expect(without.body).not.toHaveProperty('cvc');
  });

  it('is given to one of 8 payments that come at once with the same', async () => {
    const cvc = nextCvc();
    const { token, sealedCvc } = await tokenize(cvc, vault().freshNumber());
    const all = await Promise.all(Array.from({ length: 8 }, () => reveal(token, sealedCvc)));
    expect(all.map(({ answer }) => answer.status).sort()).toEqual([200, 422, 422, 422, 422, 422, 422, 422]);
  });

  it('opens for its token alone, and what is none opens nothing', async () => {
    const { sealedCvc } = await tokenize(nextCvc(), vault().freshNumber());
    const { token: another } = await tokenize(undefined, vault().freshNumber());
    const wrong = await reveal(another, sealedCvc);
    expect(wrong.answer).toMatchObject(unavailable);
    expect(await reasonOf(wrong.attemptId)).toBe('cvc_not_ours');
    for (const nonsense of ['x', `cvc_${'A'.repeat(400)}`, `${sealedCvc}A`]) {
      expect((await reveal(another, nonsense)).answer).toMatchObject(unavailable);
    }
  });

  it('is sealed anew for a repetition that brings it, and left out of what makes a request the same', async () => {
    const [key, number, cvc] = [randomUUID(), vault().freshNumber(), nextCvc()];
    const first = await tokenize(cvc, number, key);
    const again = await tokenize(cvc, number, key);
    const without = await tokenize(undefined, number, key);
    expect([again.token, without.token]).toEqual([first.token, first.token]);
    expect(again.sealedCvc).not.toBe(first.sealedCvc);
    expect(without.sealedCvc).toBeUndefined();
    expect((await reveal(first.token, again.sealedCvc)).answer.body).toMatchObject({ cvc });
  });

  it('opens in another replica, which has only KMS to ask', async () => {
    const cvc = nextCvc();
    const { token, sealedCvc = '' } = await tokenize(cvc, vault().freshNumber());
    const place = { merchant: 'acme', token };
    expect(await openCvcFor(replica.vault, place, sealedCvc)).toMatchObject({ cvc });
    replica.pass(900_001);
    expect(await openCvcFor(replica.vault, place, sealedCvc)).toBe('cvc_expired');
  });

  it('no CVC of these tests is in a table or a log', async () => {
    const url = new URL(vault().world.postgres.adminUrl);
    url.pathname = '/vault';
    const sources = await dumpDatabase(url.href);
    const text = [...sources.map(({ content }) => content.toString('latin1')), ...vault().world.output].join(
      '\n',
    );
    expect(found(text)).toEqual([]);
    // It would be seen, as it is and as part of something that is encoded.
    const leak = JSON.stringify({ card: {}, cvc: CVCS[0] });
    for (const planted of [
      leak,
      btoa(leak),
      btoa(` ${leak}`),
      btoa(`  ${leak}`),
      Buffer.from(leak).toString('hex'),
    ]) {
      expect(found(`${text}\n${planted}`)).not.toEqual([]);
    }
  });
}

/** As words of their own, and as members named cvc in JSON, plain, in hexadecimal or base64 at each alignment. */
function found(text: string): string[] {
  const words = CVCS.filter((cvc) => new RegExp(`(?<![0-9A-Za-z.])${cvc}(?![0-9A-Za-z])`).test(text));
  const member = '"cvc":"';
  const inBase64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + member).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, Math.floor(((shift + member.length) * 8) / 24) * 4);
  });
  const encodings = [member, Buffer.from(member).toString('hex'), ...inBase64];
  return [...words, ...encodings.filter((encoded) => text.includes(encoded))];
}
