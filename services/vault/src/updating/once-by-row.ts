import type { ProblemCode } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { IntegrityError } from '../integrity-error.ts';
import {
  findRowResult,
  insertRowResult,
  type RowPlace,
  type RowResult,
} from '../storage/credential-updates.ts';
import type { Vault } from '../vault.ts';
import type { ArrivedUpdate, Once } from './apply-credential-update.ts';
import { Disturbed } from './until-undisturbed.ts';

/** A row of an answer or of a file is known by where it stands: what became of it is kept, and is what comes of it again. */
export function onceByRow(vault: Vault, place: RowPlace, token: string): Once {
  return {
    async earlier(transaction) {
      const known = await findRowResult(transaction, place);
      if (!known) return undefined;
      const { code, outcome, recordVersion } = known;
      if (code !== '' && outcome !== null && recordVersion !== null) return { code, outcome, recordVersion };
      throw new ProblemError(known.problem ?? 'invalid_request');
    },
    async remember(transaction, { code, outcome, recordVersion }) {
      const result = { token, code, outcome, recordVersion, problem: null, now: vault.now() };
      if (!(await insertRowResult(transaction, place, result))) throw new Disturbed();
    },
  };
}

/**
 * The code of what is wrong with a row itself, which another attempt would not change.
 *
 * @throws what is wrong on our side, or passes
 */
export function finalProblem(error: unknown): ProblemCode {
  if (error instanceof IntegrityError) return 'integrity_error';
  if (!(error instanceof ProblemError)) throw error;
  if (error.status >= 500 || error.code === 'request_in_progress') throw error;
  return error.code;
}

/** Keeps what is wrong with a row, and audits it. */
export async function rememberProblem(
  vault: Vault,
  place: RowPlace,
  refused: Pick<ArrivedUpdate, 'by' | 'way' | 'origin'> &
    Pick<RowResult, 'token' | 'code'> & { problem: ProblemCode },
): Promise<void> {
  const { by, way, origin, token, code, problem } = refused;
  await vault.commit(async ({ transaction, audit }) => {
    const now = vault.now();
    const result = { token, code, problem, outcome: null, recordVersion: null, now };
    if (!(await insertRowResult(transaction, place, result))) return;
    audit(auditEntry('credential.update_ignored', by, token, now, { way, result: code, problem, ...origin }));
  });
}
