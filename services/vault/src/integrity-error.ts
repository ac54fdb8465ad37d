import { ProblemError } from '@cofferdam/runtime';

/** The record that is not what was sealed for its place. */
export interface Altered {
  merchant: string;
  token: string;
  recordVersion: number;
  /** As the row says. */
  keyVersion: number;
}

/**
 * A ciphertext was moved, or it, its version, its format or its key version was altered: whatever is in the row, it is
 * not shown. Whoever catches it reports it (see report-integrity.ts).
 */
export class IntegrityError extends ProblemError {
  readonly altered: Altered;

  constructor(altered: Altered, cause?: unknown) {
    super('integrity_error', {
      detail: 'What is stored of this token is not what was sealed for it. Nothing of it is shown.',
      cause,
    });
    this.altered = altered;
  }
}
