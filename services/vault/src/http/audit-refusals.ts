import { MERCHANT_HEADER, Merchant } from '@cofferdam/contracts';
import { AccessRefused, type Identity, type Logger, ProblemError, scrub } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BoundedEntries } from '../audit/bounded-entries.ts';
import { type AuditAction, auditEntry } from '../audit-entry.ts';

/** Of whom nobody knows who he is: his token was refused, and what it says is his own word. */
const NOBODY: Identity = {
  issuer: '',
  subject: '',
  claimedMerchants: [],
  lifetimeSeconds: undefined,
  pod: undefined,
};

/** Refusals in a route's own words, beside those of access. */
const REFUSALS: ReadonlySet<string> = new Set([
  'token_not_found',
  'customer_not_found',
  'credential_not_found',
  'agreement_not_found',
  'grant_invalid',
  'forbidden',
  'rate_limited',
]);

/**
 * Audits what is refused before it is answered: who was not let in, and who asked for what is not his. A reveal audits
 * its own refusals with their reasons. The answer stays the same when the audit fails: it is a no in any case.
 */
export function addRefusalAudit(
  app: FastifyInstance,
  { bounded, now, logger }: { bounded: BoundedEntries; now: () => Date; logger: Logger },
): void {
  app.addHook('onError', async (request, _reply, error) => {
    const refusal = refusalOf(request, error);
    if (refusal === undefined) return;
    const { action, identity, token, reason } = refusal;
    const { method } = request;
    const { url: route, config } = request.routeOptions;
    const permission = typeof config.access === 'object' ? config.access.permission : undefined;
    const by = { identity, merchant: merchantOf(request), requestId: request.id };
    const detail = { reason, method, route, permission, address: request.ip };
    await bounded
      .add(auditEntry(action, by, token, now(), detail), `${reason} ${method} ${route}`)
      .catch((cause: unknown) =>
        logger.error({ err: cause, action, reason }, 'a refusal could not be audited'),
      );
  });
}

function refusalOf(
  request: FastifyRequest,
  error: unknown,
): { action: AuditAction; identity: Identity; token: string; reason: string } | undefined {
  const { url } = request.routeOptions;
  if (request.is404 || !(error instanceof ProblemError)) return undefined;
  if (error instanceof AccessRefused) {
    return { action: 'access.refused', identity: error.identity ?? NOBODY, token: '', reason: error.reason };
  }
  if (!request.caller || !REFUSALS.has(error.code)) return undefined;
  const { identity } = request.caller;
  if (error.code !== 'rate_limited' && url === '/v1/reveals') return undefined;
  const action = url === '/v1/reveal-grants' ? 'grant.refused' : 'access.refused';
  return { action, identity, token: tokenOf(request), reason: error.code };
}

/** As the caller sent it: only what has the shape of a token, and is not a card number. */
function tokenOf({ params, body }: FastifyRequest): string {
  const { token } = { ...(body as object | undefined), ...(params as object | undefined) } as {
    token?: unknown;
  };
  return typeof token === 'string' && /^(tok_[0-9a-z]{26})$/.test(token) ? token : '';
}

function merchantOf(request: FastifyRequest): string {
  if (request.caller?.merchant !== undefined) return request.caller.merchant;
  const parsed = Merchant.safeParse(request.headers[MERCHANT_HEADER]);
  return parsed.success && scrub(parsed.data) === parsed.data ? parsed.data : '';
}
