import type { Transaction } from '@cofferdam/runtime';
import type { AuditLink } from '../domain/audit-chain.ts';

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
