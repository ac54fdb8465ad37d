import { createServer } from 'node:http';
import { SERVICE_PORT, type Statusz } from '@cofferdam/contracts';

/** Answers `/statusz` for every vault and connector of the benchmark: all is well. Told apart by the host name. */
export async function serveStatusz(address: string): Promise<void> {
  const server = createServer((request, response) => {
    const [service = '', namespace = ''] = (request.headers.host ?? '').split('.');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(statuszOf(service, namespace)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(SERVICE_PORT, address, resolve);
  });
}

function statuszOf(service: string, namespace: string): Statusz {
  const common = { version: '0.0.0-benchmark', instance: service, vaultId: namespace };
  const schema = { current: 1, wanted: 1, oldestCode: 1 };
  if (service.endsWith('-connector')) {
    const accounts = [{ name: 'acme', credentials: 'present', reachable: 'yes' } as const];
    return { service: 'connector', ...common, accounts };
  }
  return { service: service.endsWith('-router') ? 'router' : 'vault', ...common, schema };
}
