import { stringify } from 'yaml';

/** A kubeconfig with one cluster and one user, for kubectl and every other client. */
export function kubeconfigText(server: string, caPem: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'cofferdam',
    clusters: [
      {
        name: 'cofferdam',
        cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'cofferdam', context: { cluster: 'cofferdam', user: 'admin', namespace: 'default' } }],
  });
}
