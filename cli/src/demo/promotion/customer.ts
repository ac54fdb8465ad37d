import type { KubeClient } from '@cofferdam/operator/engine';
import { testCards } from '../cards.ts';
import { Shop } from '../client.ts';
import { serviceConnections } from '../service-connections.ts';
import { findVaultServices, shopToken } from '../services.ts';
import { type EnvironmentName, namespaceOf, VAULT } from './inputs.ts';

/** One card tokenized and charged, as a shop does it. @returns the status of the payment, such as `captured` */
export async function payOnce(client: KubeClient, environment: EnvironmentName): Promise<string> {
  const namespace = namespaceOf(environment);
  const services = await findVaultServices(client, { namespace, vault: VAULT });
  const connections = serviceConnections(services);
  try {
    const token = await shopToken(client, namespace);
    const shop = new Shop({ vaultUrl: services.vault, routerUrl: services.router, token, connections });
    const record = await shop.tokenize(testCards.visa);
    const amount = { amount: 4_200, currency: 'EUR' } as const;
    const payment = await shop.pay({ token: record.token, ...amount, reference: `demo-${environment}` });
    return payment.status;
  } finally {
    await connections.close();
  }
}
