import type { AgreementType, Initiator, OnFileReason } from '@cofferdam/contracts';
import type { Database, Queryable, Transaction } from '@cofferdam/runtime';
import type { AgreementState } from '../domain/agreement-change.ts';
import type { ListPosition } from '../domain/list-cursor.ts';
import { isLive } from './tokens.ts';

/** A stored-credential agreement. It ends with its token, whether or not that is erased yet. */
export interface StoredAgreement extends AgreementState {
  agreement: string;
  merchant: string;
  customer: string;
  token: string;
  type: AgreementType;
  initiator: Initiator;
  /** Minor units. */
  amount: number | null;
  currency: string | null;
  instalmentCount: number | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

const SELECT = `SELECT a.agreement, a.merchant, a.customer, a.token, a.type, a.initiator, a.amount::float8 AS amount,
    a.currency, a.instalment_count AS "instalmentCount", a.network_transaction_id AS "networkTransactionId", a.network,
    coalesce(a.ended_at, CASE WHEN t.state = 'deleted' THEN t.updated_at
                              WHEN t.expires_at <= now() THEN t.expires_at END) AS "endedAt",
    coalesce(a.end_reason, CASE WHEN t.state = 'deleted' THEN 'token_deleted'
                                WHEN t.expires_at <= now() THEN 'token_expired' END) AS "endReason",
    a.version, a.created_at AS "createdAt", a.updated_at AS "updatedAt"
  FROM agreements a JOIN tokens t USING (token)`;

export async function insertAgreement(transaction: Transaction, stored: StoredAgreement): Promise<void> {
  await transaction.query({
    name: 'insert-agreement',
    text: `INSERT INTO agreements (agreement, merchant, customer, token, type, initiator, amount, currency,
                                   instalment_count, network_transaction_id, network, version, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [
      ...[stored.agreement, stored.merchant, stored.customer, stored.token, stored.type, stored.initiator],
      ...[stored.amount, stored.currency, stored.instalmentCount],
      ...[stored.networkTransactionId, stored.network, stored.version, stored.createdAt, stored.updatedAt],
    ],
  });
}

export async function findAgreement(
  database: Queryable,
  merchant: string,
  agreement: string,
): Promise<StoredAgreement | undefined> {
  const { rows } = await database.query<StoredAgreement>({
    name: 'find-agreement',
    text: `${SELECT} WHERE a.agreement = $2 AND a.merchant = $1`,
    values: [merchant, agreement],
  });
  return rows[0];
}

/** Of those of a credential that have not ended. */
export async function countActiveAgreements(transaction: Transaction, token: string): Promise<number> {
  const { rows } = await transaction.query<{ count: number }>({
    name: 'count-active-agreements',
    text: 'SELECT count(*)::int AS count FROM agreements WHERE token = $1 AND ended_at IS NULL',
    values: [token],
  });
  return rows[0]?.count ?? 0;
}

export async function updateAgreementState(transaction: Transaction, stored: StoredAgreement): Promise<void> {
  await transaction.query({
    name: 'update-agreement',
    text: `UPDATE agreements SET network_transaction_id = $2, network = $3, ended_at = $4, end_reason = $5,
                  version = $6, updated_at = $7
           WHERE agreement = $1`,
    values: [
      ...[stored.agreement, stored.networkTransactionId, stored.network],
      ...[stored.endedAt, stored.endReason, stored.version, stored.updatedAt],
    ],
  });
}

type EndedAgreement = Pick<StoredAgreement, 'agreement' | 'merchant' | 'customer' | 'token'>;

/** Ends all of the tokens' that have not. @returns which */
export async function endAgreementsOf(
  transaction: Transaction,
  tokens: readonly string[],
  { now, reason }: { now: Date; reason: OnFileReason },
): Promise<EndedAgreement[]> {
  const { rows } = await transaction.query<EndedAgreement>({
    name: 'end-agreements',
    text: `UPDATE agreements SET ended_at = $2, end_reason = $3, version = version + 1, updated_at = $2
           WHERE token = ANY ($1::text[]) AND ended_at IS NULL RETURNING agreement, merchant, customer, token`,
    values: [tokens, now, reason],
  });
  return rows.toSorted((a, b) => (a.agreement < b.agreement ? -1 : 1));
}

/** @returns how many there were */
export async function deleteAgreementsOf(transaction: Transaction, customer: string): Promise<number> {
  const { rowCount } = await transaction.query({
    text: 'DELETE FROM agreements WHERE customer = $1',
    values: [customer],
  });
  return rowCount ?? 0;
}

/** Undefined members do not filter. */
export interface AgreementFilter {
  state: 'active' | 'ended';
  customer: string | undefined;
  token: string | undefined;
}

/** A merchant's agreements after a position, newest first. An index of its own is behind each way to ask. */
export async function agreementsAfter(
  database: Database,
  merchant: string,
  filter: AgreementFilter,
  page: { after: ListPosition | undefined; limit: number },
): Promise<StoredAgreement[]> {
  const { state, customer, token } = filter;
  const filters = Object.entries({ token, customer }).filter(([, value]) => value !== undefined);
  const { rows } = await database.query<StoredAgreement>({
    name: ['list-agreements', state, ...filters.map(([column]) => column)].join('-'),
    text: `${SELECT}
           WHERE a.merchant = $1 AND (a.created_at, a.agreement) < ($2::timestamptz, $3)
             AND ${state === 'active' ? `a.ended_at IS NULL AND ${isLive('t')}` : 'a.ended_at IS NOT NULL'}
             ${filters.map(([column], i) => `AND a.${column} = $${i + 5}`).join(' ')}
           ORDER BY a.created_at DESC, a.agreement DESC LIMIT $4`,
    values: [
      ...[merchant, page.after?.createdAt ?? 'infinity', page.after?.id ?? '', page.limit],
      ...filters.map(([, value]) => value),
    ],
  });
  return rows;
}
