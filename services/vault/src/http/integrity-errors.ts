import type { FastifyInstance } from 'fastify';
import { IntegrityError } from '../integrity-error.ts';
import type { IntegrityReports } from '../integrity-reports.ts';

/** Whichever route meets a record that was moved or altered: it is reported before the answer leaves. */
export function addIntegrityErrors(app: FastifyInstance, reports: IntegrityReports): void {
  app.addHook('onError', async ({ caller, id: requestId }, _reply, error) => {
    if (!(error instanceof IntegrityError) || !caller) return;
    await reports.report(error, { identity: caller.identity, merchant: '', requestId }, 'request');
  });
}
