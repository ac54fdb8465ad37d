import { z } from 'zod';

/**
 * Every stable `code` of an RFC 9457 problem, with the HTTP status that it always has.
 * One vocabulary for all services: a code, once published, keeps its meaning and its status.
 */
export const PROBLEM_STATUS = {
  // what the caller sent
  malformed_json: 400,
  malformed_csv: 400,
  invalid_request: 400,
  idempotency_key_missing: 400,
  merchant_required: 400,
  invalid_card_number: 422,
  card_expired: 422,
  unknown_currency: 422,
  amount_out_of_range: 422,
  idempotency_key_reused: 422,
  token_unusable: 422,
  credential_limit_reached: 422,
  agreement_limit_reached: 422,
  cvc_unavailable: 422,
  no_connector: 422,
  no_account_updater: 422,
  account_not_allowed: 422,
  csr_invalid: 422,
  key_not_allowed: 422,
  // who the caller is
  unauthenticated: 401,
  forbidden: 403,
  grant_invalid: 403,
  names_not_allowed: 403,
  // what there is
  not_found: 404,
  token_not_found: 404,
  customer_not_found: 404,
  credential_not_found: 404,
  agreement_not_found: 404,
  payment_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  request_in_progress: 409,
  customer_reference_taken: 409,
  token_on_file: 409,
  agreement_ended: 409,
  network_transaction_id_set: 409,
  cursor_expired: 410,
  version_mismatch: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  headers_too_large: 431,
  // what is wrong on our side
  internal_error: 500,
  integrity_error: 500,
  key_unavailable: 503,
  database_unavailable: 503,
  vault_unavailable: 503,
  authority_unavailable: 503,
  overloaded: 503,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;
const codes = Object.keys(PROBLEM_STATUS) as [ProblemCode, ...ProblemCode[]];

/** RFC 9457 problem details, `application/problem+json`. No member ever holds card data. */
export const Problem = z.strictObject({
  type: z.string().describe('`urn:cofferdam:problem:<code>`'),
  title: z.string(),
  status: z.int(),
  code: z.enum(codes),
  detail: z.string().optional().describe('What was found, what was wanted, and the next step.'),
  requestId: z.string().optional(),
  errors: z
    .array(z.strictObject({ field: z.string().describe('Path, such as `card.number`'), message: z.string() }))
    .optional(),
});
export type Problem = z.infer<typeof Problem>;
