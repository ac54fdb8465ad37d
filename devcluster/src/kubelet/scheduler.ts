import { createQueue, isKubeError, type KubeObject, keyOf, RESOURCES } from '@cofferdam/operator/engine';
import { read } from '../controllers/controller.ts';
import type { Pod } from '../controllers/objects.ts';
import type { KubeletContext } from './context.ts';

/** Binds every pod that has no node to the only one there is. */
export function startScheduler(context: KubeletContext): { stop(): Promise<void> } {
  const { client, watches, events, node, log } = context;
  const queue = createQueue({
    backoffBaseMs: 50,
    backoffMaxMs: 5_000,
    onError: (key, error) => log(`scheduler: ${key}: ${(error as Error).message}`),
    work: async (key) => {
      const [namespace = '', name = ''] = key.split('/');
      const pod = await read<Pod>(client, RESOURCES.pods, namespace, name);
      if (pod === undefined || !waits(pod)) return undefined;
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid: pod.metadata.uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node.name },
      };
      try {
        await client.create(RESOURCES.pods, binding as KubeObject, { subresource: 'binding' });
      } catch (error) {
        if (isKubeError(error, 'conflict', 'not_found', 'already_exists')) return undefined;
        throw error;
      }
      const message = `Successfully assigned ${key} to ${node.name}`;
      events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
      return undefined;
    },
  });
  const consider = (pod: Pod): void => {
    if (waits(pod)) queue.add(keyOf(pod));
  };
  const end = watches.of<Pod>(RESOURCES.pods).subscribe({ added: consider, updated: consider });
  return {
    async stop() {
      end();
      await queue.stop();
    },
  };
}

const waits = ({ metadata, spec }: Pod): boolean =>
  (spec.nodeName === undefined || spec.nodeName === '') &&
  metadata.deletionTimestamp === undefined &&
  (spec.schedulingGates ?? []).length === 0;
