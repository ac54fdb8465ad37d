import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { CredentialImport, type Problem } from '@cofferdam/contracts';
import { expect, it, vi } from 'vitest';
import { type RunningVault, reveal } from '../support/running-vault.ts';
import { SUBJECTS } from '../support/vault-world.ts';

const HEAD = 'token,code,occurredAt,number,expiryMonth,expiryYear,previousLastFour';

/** Files of results: CSV in, CSV out. */
export function importedUpdates(of: () => RunningVault): void {
  const newId = () => `imp_${randomUUID().replaceAll('-', '').slice(0, 26)}`;
  const headers = async () => ({
    authorization: `Bearer ${await of().world.issuer.sign({ subject: SUBJECTS.stripe })}`,
    'cofferdam-merchant': 'acme',
  });
  const send = async (id: string, body: string | Uint8Array<ArrayBuffer>, type = 'text/csv') => {
    const { world, vault } = of();
    const response = await world.tls.fetch(`${await vault.url()}/v1/credential-imports/${id}`, {
      ...{ method: 'PUT', body },
      headers: { ...(await headers()), 'content-type': type },
    });
    return { status: response.status, body: (await response.json()) as CredentialImport & Problem };
  };
  const resultsOf = async (id: string) => {
    const { world, vault } = of();
    const url = `${await vault.url()}/v1/credential-imports/${id}/results`;
    const response = await world.tls.fetch(url, { headers: await headers() });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv']);
    return (await response.text()).trimEnd().split('\n');
  };
  const statusOf = async (id: string) => {
    const path = `/v1/credential-imports/${id}`;
    const answer = await of().call({ path, as: 'stripe', headers: { 'cofferdam-merchant': 'acme' } });
    return answer.status === 200 ? CredentialImport.parse(answer.body) : undefined;
  };
  const now = () => new Date().toISOString();
  const tokenOf = async () => (await of().tokenize(of().freshNumber())).body.token;

  it('applies each row by itself, and says of each what became of it', async () => {
    const number = of().freshNumber();
    const [first, second, third] = await Promise.all([tokenOf(), tokenOf(), tokenOf()]);
    const id = newId();
    const lines = [
      `${first},new_number,${now()},${number},3,2036,`,
      `"${second}",closed,${now()},,,,`,
      `${third},new_expiry,${now()},,12,2040,0000`,
      'tok_00000000000000000000000000,not_found,2026-11-01T00:00:00Z,,,,',
      `4242424242424242,closed,${now()},,,,`,
      `${third},new_expiry,,,12,2040,`,
      `${third},closed`,
    ];
    const { status, body } = await send(id, [HEAD, ...lines].join('\r\n'));
    expect([status, body]).toMatchObject([
      200,
      {
        ...{ import: id, state: 'complete', rows: 7 },
        results: { applied: 2, stale: 1, token_not_found: 1, invalid_request: 3 },
      },
    ]);
    expect(await statusOf(id)).toEqual(body);
    expect(await resultsOf(id)).toEqual([
      'row,token,code,outcome,recordVersion,problem',
      `1,${first},new_number,applied,2,`,
      `2,${second},closed,applied,2,`,
      `3,${third},new_expiry,stale,1,`,
      '4,tok_00000000000000000000000000,not_found,,,token_not_found',
      '5,,,,,invalid_request',
      `6,${third},,,,invalid_request`,
      `7,,,,,invalid_request`,
    ]);
    expect((await reveal(of(), first)).body.card).toEqual({ number, expiryMonth: 3, expiryYear: 2036 });
  });

  it('goes on with a file that broke off, applies no row twice, and refuses another file under its id', async () => {
    const tokens = await Promise.all([tokenOf(), tokenOf(), tokenOf()]);
    const id = newId();
    const lines = tokens.map((token) => `${token},contact_cardholder,${now()},,,,`);
    const text = [HEAD, ...lines].join('\n');
    const { world, vault } = of();
    const url = new URL(`/v1/credential-imports/${id}`, await vault.url());
    const upload = request(url, {
      ...{ method: 'PUT', ca: world.tls.ca },
      headers: { ...(await headers()), 'content-type': 'text/csv', 'content-length': text.length },
    }).on('error', () => {});
    // Two rows, and a part of the third.
    upload.write(text.slice(0, -20));
    await vi.waitFor(
      async () => expect(await statusOf(id)).toMatchObject({ rows: 2, state: 'incomplete' }),
      20_000,
    );
    upload.destroy();
    expect((await send(id, text)).body).toMatchObject({ state: 'complete', results: { applied: 3 } });
    expect((await send(id, text)).body).toMatchObject({ state: 'complete', results: { applied: 3 } });
    const { rows } = await of().owner.query(
      `SELECT token, count(*)::integer AS changes FROM audit
       WHERE token = ANY ($1) AND action LIKE 'credential.%' GROUP BY token`,
      [tokens],
    );
    expect(rows.map(({ changes }) => changes)).toEqual([1, 1, 1]);
    expect(await send(id, text.replace(tokens[1] ?? '', tokens[0] ?? ''))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it('takes the same file twice at once, and applies each row once', async () => {
    const tokens = await Promise.all(Array.from({ length: 12 }, tokenOf));
    const id = newId();
    const text = [HEAD, ...tokens.map((token) => `${token},new_expiry,${now()},,12,2044,`)].join('\n');
    const answers = await Promise.all([send(id, text), send(id, text), send(id, text)]);
    for (const { body } of answers)
      expect(body).toMatchObject({ state: 'complete', results: { applied: 12 } });
    const { rowCount } = await of().owner.query('SELECT 1 FROM records WHERE token = ANY ($1)', [tokens]);
    expect(rowCount).toBe(24);
  });

  it('refuses what is no CSV of results, says where, keeps the rows before, and quotes none of it', async () => {
    const token = await tokenOf();
    const id = newId();
    const answer = await send(id, `${HEAD}\n${token},closed,${now()},,,,\n${token},"4242424242424242`);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'malformed_csv', detail: expect.stringContaining('After row 1') },
    });
    expect(JSON.stringify(answer.body)).not.toContain('4242');
    expect(await statusOf(id)).toMatchObject({ state: 'incomplete', rows: 1 });
    const refused: [number, string, Awaited<ReturnType<typeof send>>][] = [
      [400, 'malformed_csv', await send(newId(), '')],
      [400, 'malformed_csv', await send(newId(), `token\n${token}\n`)],
      [400, 'malformed_csv', await send(newId(), new Uint8Array(100_000).fill(44))],
      [415, 'unsupported_media_type', await send(newId(), '{}', 'application/json')],
      [415, 'unsupported_media_type', await send(newId(), '{}', 'text/plain')],
      [404, 'not_found', await send('imp_4242424242424242', HEAD)],
    ];
    for (const [status, code, found] of refused) expect(found).toMatchObject({ status, body: { code } });
  });

  it('shows a merchant nothing of the imports of another', async () => {
    const id = newId();
    expect((await send(id, `${HEAD}\n`)).body).toMatchObject({ state: 'complete', rows: 0 });
    for (const path of [`/v1/credential-imports/${id}`, `/v1/credential-imports/${id}/results`]) {
      const other = await of().call({ path, as: 'stripe', headers: { 'cofferdam-merchant': 'globex' } });
      expect(other).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await of().call({ path })).toMatchObject({ status: 403 });
    }
  });
}
