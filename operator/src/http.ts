import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Route = () =>
  | { status?: number; type?: string; body: string }
  | Promise<{ status?: number; type?: string; body: string }>;

/** The operator's own few pages. No framework: nothing is read from a request but its path. */
export async function serve(
  routes: Record<string, Route>,
  address: { host: string; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const route = routes[request.url?.split('?')[0] ?? ''];
    try {
      const {
        status = 200,
        type = 'text/plain; charset=utf-8',
        body,
      } = route ? await route() : { status: 404, body: 'not found\n' };
      response.writeHead(status, { 'content-type': type }).end(body);
    } catch {
      response.writeHead(500).end('internal error\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
