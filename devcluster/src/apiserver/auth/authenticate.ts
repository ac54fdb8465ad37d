import type { IncomingHttpHeaders } from 'node:http';
import { unauthorized } from '../errors.ts';
import { ANONYMOUS, AUTHENTICATED, type User } from './user.ts';

/** Finds out whose token it is; undefined when nobody's. */
export type TokenAuthenticator = (token: string) => User | undefined;

/** @throws StatusError 401 for a token that is not valid; no token at all is the anonymous user */
export function authenticate(
  headers: IncomingHttpHeaders,
  authenticators: readonly TokenAuthenticator[],
): User {
  const found = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '');
  const token = found?.[1]?.trim();
  if (token === undefined) return ANONYMOUS;
  for (const authenticator of authenticators) {
    const user = authenticator(token);
    if (user !== undefined) return { ...user, groups: [...new Set([...user.groups, AUTHENTICATED])] };
  }
  throw unauthorized();
}
