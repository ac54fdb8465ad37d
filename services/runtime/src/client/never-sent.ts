/** Errors that a connector of ours reported in place of a connection. */
const unsent = new WeakSet<Error>();

/** Marks an error from before a connection stood, TLS handshake included: no byte of a request can have left. */
export function sentNothing(error: Error): Error {
  unsent.add(error);
  return error;
}

/**
 * Whether an error of an HTTP request arose before a byte of the request left: while its name was looked up, the
 * connection was made or the server's certificate was checked. Payments stand on this: what was never sent may be tried
 * elsewhere. The code alone does not tell, because an established connection can end in EHOSTUNREACH or a TLS alert as
 * well; hence the mark, by which alone a handshake that was reset or spoken to a plaintext port is known.
 */
export function neverSent(error: unknown): boolean {
  if (error instanceof Error && unsent.has(error)) return true;
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverSent);
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return syscall === 'connect' || syscall === 'getaddrinfo' || BEFORE_SENDING.test(String(code));
}

/** Errors that only the name's look-up, undici's wait for a connection, and the check of a certificate have. */
const BEFORE_SENDING =
  /^(ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_ALTNAME_INVALID|CERT_[A-Z_]+|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|UNABLE_TO_[A-Z_]+)$/;
