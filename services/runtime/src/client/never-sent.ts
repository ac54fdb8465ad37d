/**
 * Whether an error of an HTTP request arose before a byte of the request left: while its name was looked up, the
 * connection was made or the server's certificate was checked. Payments stand on this: what was never sent may be tried
 * elsewhere. The code alone does not tell, because an established connection can end in EHOSTUNREACH as well.
 */
export function neverSent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverSent);
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return syscall === 'connect' || syscall === 'getaddrinfo' || BEFORE_SENDING.test(String(code));
}

/** Errors that only the name's look-up, undici's wait for a connection, and the check of a certificate have. */
const BEFORE_SENDING =
  /^(ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_ALTNAME_INVALID|CERT_[A-Z_]+|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|UNABLE_TO_[A-Z_]+)$/;
