import type { BatchStatement, Column, Queryable, Transaction } from '@cofferdam/runtime';
import type { AuditLink } from '../domain/audit-chain.ts';

const LINK: readonly Column<AuditLink>[] = [
  { name: 'writer', type: 'text', of: ({ writer }) => writer },
  { name: 'position', type: 'int8', of: ({ position }) => position },
  { name: 'time', type: 'timestamptz', of: ({ time }) => time },
  { name: 'issuer', type: 'text', of: ({ issuer }) => issuer },
  { name: 'subject', type: 'text', of: ({ subject }) => subject },
  { name: 'action', type: 'text', of: ({ action }) => action },
  { name: 'merchant', type: 'text', of: ({ merchant }) => merchant },
  { name: 'token', type: 'text', of: ({ token }) => token },
  { name: 'request_id', type: 'text', of: ({ requestId }) => requestId },
  { name: 'detail', type: 'text', of: ({ detail }) => detail },
  { name: 'previous', type: 'bytea', of: ({ previous }) => previous },
  { name: 'hash', type: 'bytea', of: ({ hash }) => hash },
];

export function addAuditLinks(write: BatchStatement, links: readonly AuditLink[]): void {
  write.insert('audit', LINK, links);
}

/** Whether this very link is in the table. */
export async function hasAuditLink(database: Queryable, link: AuditLink): Promise<boolean> {
  const { rows } = await database.query({
    name: 'has-audit-link',
    text: 'SELECT 1 FROM audit WHERE writer = $1 AND position = $2 AND hash = $3',
    values: [link.writer, link.position, link.hash],
  });
  return rows.length === 1;
}

export async function insertAuditLink(transaction: Transaction, link: AuditLink): Promise<void> {
  await transaction.query({
    name: 'insert-audit',
    text: `INSERT INTO audit (writer, position, time, issuer, subject, action, merchant, token, request_id,
                              detail, previous, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      link.writer,
      link.position,
      link.time,
      link.issuer,
      link.subject,
      link.action,
      link.merchant,
      link.token,
      link.requestId,
      link.detail,
      link.previous,
      link.hash,
    ],
  });
}
