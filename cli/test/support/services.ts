import { connect } from 'node:tls';
import {
  createClient,
  createTransport,
  type KubeObject,
  kubeconfigFile,
  RESOURCES,
} from '@cofferdam/operator/engine';
import type { Demo } from './demo-process.ts';

/** A Service through which card numbers or tokens pass. */
export interface CardService {
  name: string;
  /** What its certificate must hold. */
  host: string;
  address: { host: string; port: number };
  /** Where it takes them. */
  path: string;
}

const PATHS = {
  'payments-vault': '/v1/tokens',
  'payments-router': '/v1/payments',
  'stripe-connector': '/v1/charges',
  'adyen-connector': '/v1/charges',
};

/** Vault, router and both connectors, at their Services' addresses. */
export async function cardServices({ result }: Demo): Promise<CardService[]> {
  const transport = createTransport(await kubeconfigFile(result.kubeconfig));
  const client = createClient({ transport, fieldManager: 'cofferdam-test' });
  const namespace = 'payments-dev';
  try {
    return await Promise.all(
      Object.entries(PATHS).map(async ([name, path]) => {
        type Service = KubeObject & { spec: { clusterIP: string; ports: { port: number }[] } };
        const { spec } = await client.get<Service>(RESOURCES.services, { namespace, name });
        const address = { host: spec.clusterIP, port: spec.ports[0]?.port ?? 0 };
        return { name, host: `${name}.${namespace}.svc`, address, path };
      }),
    );
  } finally {
    await transport.close();
  }
}

/** @returns the protocol when the service proves its name; throws why it does not */
export function verify({ address, host }: CardService, ca: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, ca, servername: host }, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
