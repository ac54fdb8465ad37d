import type pg from 'pg';
import { expect } from 'vitest';
import { type AuditLink, firstBrokenLink } from '../../src/domain/audit-chain.ts';

/** The whole audit, in which every chain must hold. */
export async function readChains(owner: Pick<pg.ClientBase, 'query'>): Promise<AuditLink[]> {
  const { rows } = await owner.query<AuditLink>(
    `SELECT writer, position::int, time, issuer, subject, action, merchant, token, request_id AS "requestId",
            detail, previous, hash FROM audit ORDER BY writer, position`,
  );
  for (const [writer, links] of Map.groupBy(rows, (row) => row.writer)) {
    expect(firstBrokenLink(writer, links)).toBeUndefined();
  }
  return rows;
}
