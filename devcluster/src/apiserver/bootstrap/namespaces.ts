import { randomUUID } from 'node:crypto';
import { type ServerContext, timestamp } from '../context.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** The namespaces that every cluster has. */
export function createSystemNamespaces(context: ServerContext): void {
  for (const name of NAMESPACES) {
    context.store.put('namespaces', {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: {
        name,
        uid: randomUUID(),
        creationTimestamp: timestamp(context.now()),
        labels: { 'kubernetes.io/metadata.name': name },
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
}
