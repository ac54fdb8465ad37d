import { z } from 'zod';
import { Timestamp, Token } from './identifiers.ts';
import { passesLuhn } from './luhn.ts';
import { Problem } from './problems.ts';

/**
 * What an account updater says about a card, in the field's words. `unchanged`: valid as it is; `not_found`: the updater
 * knows nothing of the card.
 */
export const CredentialUpdateCode = z.enum([
  'unchanged',
  'new_number',
  'new_expiry',
  'closed',
  'contact_cardholder',
  'not_found',
]);
export type CredentialUpdateCode = z.infer<typeof CredentialUpdateCode>;

const CardNumber = z.string().regex(/^[0-9]{12,19}$/, 'must be 12 to 19 digits, without spaces');
const ExpiryMonth = z.int().min(1).max(12);
const ExpiryYear = z.int().min(2000).max(2099);

/** What the result brings: the whole expiry or nothing of it. */
export const UpdatedCard = z.strictObject({
  number: CardNumber.optional(),
  expiryMonth: ExpiryMonth.optional(),
  expiryYear: ExpiryYear.optional().describe('Four digits.'),
});
export type UpdatedCard = z.infer<typeof UpdatedCard>;

/** What is said of the card that the result is about. When the token stands for another one by now, the result is late. */
export const PreviousCard = z.strictObject({
  number: CardNumber.optional(),
  lastFour: z
    .string()
    .regex(/^[0-9]{4}$/)
    .optional(),
  expiryMonth: ExpiryMonth.optional(),
  expiryYear: ExpiryYear.optional(),
});
export type PreviousCard = z.infer<typeof PreviousCard>;

/** A result: of a push with its time, of a file with its time or the card that it is about. */
export const CredentialResult = z.strictObject({
  token: Token,
  code: CredentialUpdateCode,
  occurredAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('When the issuer or the PSP knew of it, RFC 3339.'),
  card: UpdatedCard.optional().describe(
    'For `new_number` with its number, for `new_expiry` with its expiry.',
  ),
  previous: PreviousCard.optional(),
});
export type CredentialResult = z.infer<typeof CredentialResult>;

interface Checked {
  code: CredentialUpdateCode;
  card?: UpdatedCard | undefined;
  occurredAt?: string | undefined;
  previous?: PreviousCard | undefined;
}

type Complain = (path: string[], message: string) => void;

/** What a schema of one member cannot say. */
function checkResult(payload: z.core.ParsePayload<Checked>): void {
  const { occurredAt, previous } = payload.value;
  checkCard(payload);
  const says = Object.values(previous ?? {}).some((member) => member !== undefined);
  if (occurredAt === undefined && !says) {
    complaining(payload)(['occurredAt'], 'a result needs its time, or the card that it is about');
  }
}

const complaining =
  ({ issues }: z.core.ParsePayload): Complain =>
  (path, message) =>
    void issues.push({ code: 'custom', path, message, input: undefined });

function checkCard(payload: z.core.ParsePayload<Checked>): void {
  const { code, card = {} } = payload.value;
  const complain = complaining(payload);
  const brings = Object.values(card).some((member) => member !== undefined);
  if (code === 'new_number') {
    if (card.number === undefined) complain(['card', 'number'], 'is needed for new_number');
    else if (!passesLuhn(card.number)) complain(['card', 'number'], 'fails the Luhn check');
  } else if (code === 'new_expiry') {
    if (card.expiryYear === undefined) complain(['card', 'expiryYear'], 'is needed for new_expiry');
    if (card.number !== undefined) complain(['card', 'number'], 'must be absent for new_expiry');
  } else if (brings) complain(['card'], `must be absent for ${code}`);
  if ((card.expiryMonth === undefined) !== (card.expiryYear === undefined)) {
    complain(['card', 'expiryMonth'], 'month and year must come together');
  }
}

/** A row of the answer of an updater service that was asked: it is about the card that it was asked about. */
export const CheckedUpdaterResult = z
  .object({
    row: z.int().min(1),
    code: CredentialUpdateCode,
    occurredAt: CredentialResult.shape.occurredAt,
    card: UpdatedCard.optional(),
  })
  .check(checkCard);

/** A result as a file brings it. */
export const CheckedCredentialResult = CredentialResult.check(checkResult);

/** One of `POST /v1/credential-updates`. */
export const CredentialUpdate = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
      .describe("The source's own id of it, such as that of the PSP's event: it is applied once."),
    ...CredentialResult.shape,
    occurredAt: CredentialResult.shape.occurredAt.unwrap(),
  })
  .check(checkResult);
export type CredentialUpdate = z.infer<typeof CredentialUpdate>;

const Source = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be a name of lower-case letters, digits and hyphens')
  .describe('Whose ids they are, such as `stripe`.');

/** Most results of one push. */
export const MAX_CREDENTIAL_UPDATES = 500;

/** `POST /v1/credential-updates` (permission `credentials:update`). */
export const PushCredentialUpdates = z.strictObject({
  source: Source,
  updates: z.array(CredentialUpdate).min(1).max(MAX_CREDENTIAL_UPDATES),
});
export type PushCredentialUpdates = z.infer<typeof PushCredentialUpdates>;

/** Its frame: each result is looked at by itself, so that a wrong one is no reason to refuse the others. */
export const CredentialUpdatesFrame = z.strictObject({
  source: Source,
  updates: z.array(z.unknown()).min(1).max(MAX_CREDENTIAL_UPDATES),
});

/**
 * `applied`: the token has a new version. `unchanged`: everything is as it says already, or it says that nothing has
 * changed. `stale`: it is about what the token stood for before, and came too late.
 */
export const CredentialUpdateOutcome = z.enum(['applied', 'unchanged', 'stale']);
export type CredentialUpdateOutcome = z.infer<typeof CredentialUpdateOutcome>;

export const CredentialUpdateResult = z.strictObject({
  status: z.int().describe('200, or the status of the problem.'),
  outcome: CredentialUpdateOutcome.optional(),
  recordVersion: z.int().min(1).optional().describe('Of the token, after it.'),
  problem: Problem.optional(),
});
export type CredentialUpdateResult = z.infer<typeof CredentialUpdateResult>;

/** 200, whatever became of the results, unless none of them could be tried. */
export const CredentialUpdateResults = z.strictObject({
  results: z.array(CredentialUpdateResult).describe('One for each, in their order.'),
});
export type CredentialUpdateResults = z.infer<typeof CredentialUpdateResults>;

/** Most tokens of one `POST /v1/credential-inquiries`. */
export const MAX_INQUIRIES = 500;

/** `POST /v1/credential-inquiries` (permission `credentials:inquire`): cards to ask the updater about, such as declined ones. */
export const CreateInquiries = z.strictObject({ tokens: z.array(Token).min(1).max(MAX_INQUIRIES) });
export type CreateInquiries = z.infer<typeof CreateInquiries>;

/** 202: what is asked next time. */
export const Inquiries = z.strictObject({
  accepted: z.int().min(0).describe('Tokens whose cards are asked about next.'),
  recent: z.int().min(0).describe('Those whose cards are being asked about, or were within a day.'),
  unknown: z.int().min(0).describe('Those that are none of this merchant.'),
});
export type Inquiries = z.infer<typeof Inquiries>;

/**
 * The columns of a file of results, in any order, named by its first line; only `token` and `code` are needed. A cell that
 * is empty says nothing. {@link CheckedCredentialResult} with its members side by side.
 */
export const CREDENTIAL_FILE_COLUMNS = [
  'token',
  'code',
  'occurredAt',
  'number',
  'expiryMonth',
  'expiryYear',
  'previousNumber',
  'previousLastFour',
  'previousExpiryMonth',
  'previousExpiryYear',
] as const;
export type CredentialFileColumn = (typeof CREDENTIAL_FILE_COLUMNS)[number];

/** RFC 4180, UTF-8, with a line of names. */
export const CredentialFile = z
  .string()
  .describe('Columns: token, code, and what else is known, in any order.');

/** The columns of what became of a file. */
export const RESULT_FILE_COLUMNS = ['row', 'token', 'code', 'outcome', 'recordVersion', 'problem'] as const;
export const CredentialResultFile = z
  .string()
  .describe(
    'A line for each row that has a result, in their order: counted from 1 without the line of names.',
  );

/** Most rows and bytes of a file of results. */
export const MAX_IMPORT_ROWS = 1_000_000;
export const MAX_IMPORT_BYTES = 256 * 1024 * 1024;

export const ImportId = z
  .string()
  .regex(/^imp_[0-9a-z]{26}$/)
  .describe('Chosen by the caller: `imp_` and 26 random lower-case letters and digits.');

/** How a file of results has been taken in. */
export const CredentialImport = z.strictObject({
  import: ImportId,
  state: z
    .enum(['incomplete', 'complete'])
    .describe('`incomplete`: the file has not arrived to its end; send it again, whole.'),
  rows: z.int().min(0).describe('Rows that have a result.'),
  results: z.record(z.string(), z.int()).describe('How many of each: an outcome, or the code of a problem.'),
  startedAt: Timestamp,
  completedAt: Timestamp.optional(),
});
export type CredentialImport = z.infer<typeof CredentialImport>;
