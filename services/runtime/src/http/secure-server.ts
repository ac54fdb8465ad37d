import { createServer, type Server } from 'node:https';
import type { FastifyServerOptions } from 'fastify';
import type { ServerCredentials } from '../tls/server-credentials.ts';

/** What makes a Fastify application listen with TLS. */
export function listenerOptions(tls: ServerCredentials | 'plaintext') {
  // `https` is there for Fastify's own words alone: the factory makes the server.
  return tls === 'plaintext' ? {} : { https: {}, serverFactory: secureServer(tls) };
}

/**
 * For Fastify's `serverFactory`: an HTTPS server of TLS 1.2 or later whose certificate is replaced while it serves.
 * Connections that stand keep theirs; each new one is shown the newest. What speaks anything but TLS is cut off before
 * HTTP comes into it.
 */
function secureServer(
  credentials: ServerCredentials,
): (handler: Parameters<typeof createServer>[1], options: FastifyServerOptions) => Server {
  return (handler, { keepAliveTimeout, requestTimeout = 0 }) => {
    const context = () => {
      const { certificate, key } = credentials.current();
      return { cert: certificate, key, minVersion: 'TLSv1.2' as const };
    };
    const server = createServer(
      {
        ...context(),
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        requestTimeout,
        headersTimeout: requestTimeout,
        // How often Node looks for requests that take too long; by default every 30 s.
        connectionsCheckingInterval: Math.min(5000, requestTimeout / 3 || 5000),
      },
      handler,
    );
    // As Fastify does for servers that it makes itself.
    if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout;
    const forget = credentials.onChange(() => server.setSecureContext(context()));
    server.once('close', forget);
    return server;
  };
}

/** A client that connects and says nothing holds a socket for this long, and the end of the process with it. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
