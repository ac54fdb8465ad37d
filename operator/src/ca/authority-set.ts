import { z } from 'zod';

const Instant = z.iso.datetime();

/** One key that signs, or will, or did. Instants are RFC 3339. */
const Authority = z.object({
  /** Also in its subject, so that no two of ours share a name. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** PEM. */
  certificate: z.string(),
  /** PEM, PKCS #8. */
  key: z.string(),
  notBefore: Instant,
  notAfter: Instant,
  /** Since when it is in the set, and so in the bundle. */
  createdAt: Instant,
  /** Since when it signs; absent while it is only published. */
  signsFrom: Instant.optional(),
  /** Since when another one signs. */
  retiredAt: Instant.optional(),
});
export type Authority = z.infer<typeof Authority>;

const AuthoritySet = z.object({ authorities: z.array(Authority).max(16) });

/** In the order in which they were made. At most one signs, at most one waits to. */
export type AuthoritySet = readonly Authority[];

/** @throws when it is not what {@link formatAuthorities} writes */
export function parseAuthorities(text: string): AuthoritySet {
  return AuthoritySet.parse(JSON.parse(text)).authorities;
}

export function formatAuthorities(set: AuthoritySet): string {
  return `${JSON.stringify({ authorities: set }, null, 2)}\n`;
}

/** What every verifier gets: all of the set, also what does not sign yet and what does no more. PEM. */
export function bundleOf(set: AuthoritySet): string {
  return set.map(({ certificate }) => `${certificate.trim()}\n`).join('');
}

/** The one that signs. */
export function signing(set: AuthoritySet): Authority | undefined {
  return set.findLast(({ signsFrom, retiredAt }) => signsFrom !== undefined && retiredAt === undefined);
}

/** The one that is published and does not sign yet. */
export function upcoming(set: AuthoritySet): Authority | undefined {
  return set.findLast(({ signsFrom }) => signsFrom === undefined);
}
