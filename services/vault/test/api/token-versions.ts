import { TokenRecord, TokenVersions } from '@cofferdam/contracts';
import { expect, it } from 'vitest';
import type { RunningVault } from '../support/running-vault.ts';

/** What a token stood for. */
export function tokenVersions(of: () => RunningVault): void {
  const read = async (token: string, query = '') => {
    const answer = await of().call({ path: `/v1/tokens/${token}/versions${query}` });
    expect(answer.status).toBe(200);
    return TokenVersions.parse(answer.body);
  };

  it('shows every version of a card, newest first, whoever made it', async () => {
    const { call, freshNumber, tokenize } = of();
    const number = freshNumber();
    const { token, card } = TokenRecord.parse((await tokenize(number)).body);
    const path = `/v1/tokens/${token}`;
    expect((await read(token)).versions).toMatchObject([{ version: 1, cause: 'created', card }]);

    await call({ method: 'PATCH', path, body: { card: { expiryYear: 2040 } } });
    await tokenize(number, { card: { expiryYear: 2041 } });
    const { versions } = await read(token);
    expect(versions.map(({ version, cause, card: { expiryYear } }) => [version, cause, expiryYear])).toEqual([
      [3, 'updated', 2041],
      [2, 'updated', 2040],
      [1, 'created', card.expiryYear],
    ]);
    const { createdAt, updatedAt } = TokenRecord.parse((await call({ path })).body);
    expect([versions[0]?.createdAt, versions[2]?.createdAt]).toEqual([updatedAt, createdAt]);

    const first = await read(token, '?limit=2');
    expect(first).toMatchObject({ versions: [{ version: 3 }, { version: 2 }], next: 2 });
    expect(await read(token, `?before=${first.next}`)).toEqual({ token, versions: [versions[2]] });
  });

  it('shows a merchant nothing of the versions of another, and of a deleted token nothing is left', async () => {
    const { call, freshNumber, owner, tokenize } = of();
    const { token } = (await tokenize(freshNumber())).body;
    await call({ method: 'PATCH', path: `/v1/tokens/${token}`, body: { card: { expiryYear: 2040 } } });
    const path = `/v1/tokens/${token}/versions`;
    const gone = { status: 404, body: { code: 'token_not_found' } };
    expect(await call({ path, as: 'globexShop' })).toMatchObject(gone);
    await call({ method: 'DELETE', path: `/v1/tokens/${token}` });
    expect(await call({ path })).toMatchObject(gone);
    const { rowCount } = await owner.query('SELECT 1 FROM token_versions WHERE token = $1', [token]);
    expect(rowCount).toBe(0);
  });
}
