import type { Transaction } from '../database/database.ts';

/**
 * Forgets the numbers that subjects count with, of whom nothing will be said any more and no last event says so. Their
 * events that wait to be published are published.
 */
export async function forgetSubjects(transaction: Transaction, subjects: readonly string[]): Promise<void> {
  await transaction.query({
    name: 'outbox-forget-subjects',
    text: 'DELETE FROM outbox_subject WHERE subject = ANY ($1::text[])',
    values: [subjects],
  });
}
