import type { Pod, ServiceAccount } from '../controllers/objects.ts';
import type { TokenRequest } from './volume-content.ts';

export const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

/** The token by which pods talk to the API server: as the ServiceAccount admission plugin asks for it. */
export const API_TOKEN: TokenRequest = { audience: undefined, expirationSeconds: 3607 };

/** The token by which AWS STS knows a pod: as EKS's pod identity webhook asks for it. */
export const STS_TOKEN: TokenRequest = { audience: 'sts.amazonaws.com', expirationSeconds: 86_400 };

/** The pod's word first, then its account's. */
export const automountsToken = (pod: Pod, account: ServiceAccount): boolean =>
  pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;

export const roleOf = (account: ServiceAccount): string | undefined =>
  account.metadata.annotations?.[ROLE_ANNOTATION];

/** A kubeconfig for a pod. The token is named by file, because it is replaced while the pod runs. */
export function podKubeconfig(
  apiServer: { url: string; caPem: string },
  namespace: string,
  tokenFile: string,
) {
  const ca = Buffer.from(apiServer.caPem).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod',
    clusters: [{ name: 'cluster', cluster: { server: apiServer.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'pod', user: { tokenFile } }],
    contexts: [{ name: 'pod', context: { cluster: 'cluster', user: 'pod', namespace } }],
  });
}
