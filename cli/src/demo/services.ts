import { SERVICE_PORT, TOKEN_AUDIENCE } from '@cofferdam/contracts';
import { type KubeClient, type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import type { PspSwitch } from './scenario.ts';

export interface ServiceUrls {
  vault: string;
  router: string;
  simulator: string;
}

/** Base URLs of the Services, on addresses that stay the same while pods come and go. */
export async function serviceUrls(client: KubeClient, namespace: string): Promise<ServiceUrls> {
  const [vault, router, simulator] = await Promise.all([
    serviceUrl(client, namespace, 'payments-vault'),
    serviceUrl(client, namespace, 'payments-router'),
    serviceUrl(client, 'psp-simulator', 'psp-simulator'),
  ]);
  return { vault, router, simulator };
}

async function serviceUrl(client: KubeClient, namespace: string, name: string): Promise<string> {
  const service = await client.get<KubeObject & { spec: { clusterIP: string } }>(RESOURCES.services, {
    namespace,
    name,
  });
  return `http://${service.spec.clusterIP}:${SERVICE_PORT}`;
}

/** A token of the ServiceAccount `checkout`, which stands for the application; it lives for a day. */
export async function shopToken(client: KubeClient, namespace: string): Promise<string> {
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { namespace, name: 'checkout' },
    spec: { audiences: [TOKEN_AUDIENCE], expirationSeconds: 86_400 },
  };
  const answer = await client.create<KubeObject & { status: { token: string } }>(
    RESOURCES.serviceAccounts,
    request,
    {
      subresource: 'token',
    },
  );
  return answer.status.token;
}

/** The simulator's admin API. */
export function pspSwitch(simulatorUrl: string): PspSwitch {
  return {
    async set(psp, mode) {
      const response = await fetch(`${simulatorUrl}/admin/psps/${psp}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mode }),
      });
      if (!response.ok)
        throw new Error(`PSP simulator: ${psp} ${mode}: ${response.status} ${await response.text()}`);
    },
  };
}
