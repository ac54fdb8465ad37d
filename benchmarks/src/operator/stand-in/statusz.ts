import { createServer } from 'node:https';
import { SERVICE_PORT, type Statusz } from '@cofferdam/contracts';
import { createAuthority } from '@cofferdam/devcluster/testing';

/**
 * Answers `/statusz` for every vault and connector of the benchmark: all is well. Told apart by the host name. One
 * certificate of no authority that anybody trusts: the operator is told not to verify it, and shakes hands all the same.
 */
export async function serveStatusz(address: string): Promise<void> {
  const authority = await createAuthority('benchmark');
  const { certificatePem: cert, keyPem: key } = await authority.issue({
    subject: 'statusz',
    names: ['*.svc'],
  });
  const server = createServer({ cert, key }, (request, response) => {
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
