import type { AccessFile, Permission } from '@cofferdam/contracts';
import { ProblemError } from '../errors.ts';
import type { Identity, Merchants } from './caller.ts';

type Rule = AccessFile['rules'][number];

/**
 * The merchants for which the rules give the identity this permission. Rules only ever add; no rule, no merchant.
 *
 * @throws {ProblemError} forbidden, when there is none
 */
export function allowedMerchants(
  rules: readonly Rule[],
  identity: Identity,
  permission: Permission,
): Merchants {
  const allowed = new Set<string>();
  for (const rule of rules) {
    if (!rule.allow.includes(permission) || !rule.subjects.some((name) => matches(name, identity.subject)))
      continue;
    for (const merchant of rule.merchants) {
      if (merchant === '*') return '*';
      if (merchant !== '$claim') allowed.add(merchant);
      else for (const claimed of identity.claimedMerchants) allowed.add(claimed);
    }
  }
  if (allowed.size === 0) {
    throw new ProblemError('forbidden', { detail: `No access rule gives this identity ${permission}.` });
  }
  return [...allowed];
}

/**
 * The one merchant that a request acts for. The header chooses among those allowed and never adds one.
 *
 * @throws {ProblemError} forbidden, merchant_required
 */
export function chooseMerchant(allowed: Merchants, header: string | undefined): string {
  if (header !== undefined) {
    if (allowed === '*' ? /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/.test(header) : allowed.includes(header))
      return header;
    throw new ProblemError('forbidden', { detail: 'This identity may not act for that merchant.' });
  }
  const [only] = allowed;
  if (allowed !== '*' && allowed.length === 1 && only !== undefined) return only;
  throw new ProblemError('merchant_required', {
    detail: 'This identity may act for several merchants; name one in the header cofferdam-merchant.',
  });
}

function matches(pattern: string, subject: string): boolean {
  return pattern.endsWith('*') ? subject.startsWith(pattern.slice(0, -1)) : pattern === subject;
}
