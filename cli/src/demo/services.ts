import { SERVICE_PORT, TOKEN_AUDIENCE } from '@cofferdam/contracts';
import { type KubeClient, type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import { CliError } from '../errors.ts';
import type { PspSwitch } from './scenario.ts';

/** How the services are reached from outside the cluster, where nobody resolves their names. */
export interface Services {
  /** With the names that certificates hold. */
  vault: string;
  router: string;
  /** The simulator's remote control, at its address: no card passes it, and it speaks plain HTTP. */
  simulator: string;
  /** Host name of a Service to the address that stands for it, which stays while pods come and go. */
  addresses: Record<string, string>;
  /** PEM of those who vouch for vault and router. */
  ca: string;
}

export async function findServices(
  client: KubeClient,
  place: { namespace: string; vault: string },
): Promise<Services> {
  const [services, simulatorIp] = await Promise.all([
    findVaultServices(client, place),
    addressOf(client, 'psp-simulator', 'psp-simulator'),
  ]);
  return { ...services, simulator: `http://${simulatorIp}:${SERVICE_PORT}` };
}

/** Those of one PaymentVault. */
export async function findVaultServices(
  client: KubeClient,
  { namespace, vault }: { namespace: string; vault: string },
): Promise<Omit<Services, 'simulator'>> {
  const [vaultIp, routerIp, ca] = await Promise.all([
    addressOf(client, namespace, `${vault}-vault`),
    addressOf(client, namespace, `${vault}-router`),
    bundleOf(client, namespace, `${vault}-ca`),
  ]);
  const [vaultHost, routerHost] = [`${vault}-vault.${namespace}.svc`, `${vault}-router.${namespace}.svc`];
  return {
    vault: `https://${vaultHost}:${SERVICE_PORT}`,
    router: `https://${routerHost}:${SERVICE_PORT}`,
    addresses: { [vaultHost]: vaultIp, [routerHost]: routerIp },
    ca,
  };
}

async function addressOf(client: KubeClient, namespace: string, name: string): Promise<string> {
  const service = await client.get<KubeObject & { spec: { clusterIP: string } }>(RESOURCES.services, {
    namespace,
    name,
  });
  return service.spec.clusterIP;
}

async function bundleOf(client: KubeClient, namespace: string, name: string): Promise<string> {
  const { data } = await client.get<KubeObject & { data?: Record<string, string> }>(RESOURCES.configMaps, {
    namespace,
    name,
  });
  const bundle = data?.['ca.crt'];
  if (bundle === undefined) throw new CliError('not_ready', `ConfigMap ${namespace}/${name} has no ca.crt`);
  return bundle;
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
