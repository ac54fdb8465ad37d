import { isKubeError, RESOURCES } from '@cofferdam/operator/engine';
import type { Pod, PodStatus } from '../controllers/objects.ts';
import { canonicalJson } from '../controllers/pod-template.ts';
import type { KubeletContext } from './context.ts';

/** Tells the API server a pod's status: always the newest, one write at a time. */
export type StatusWriter = {
  /** Something has changed. */
  touch(): void;
  /** Resolves when what is true now has been told, or nobody is there to be told. */
  flush(): Promise<void>;
  close(): void;
};

const RETRY_MS = 500;

export function createStatusWriter(
  { client, log }: KubeletContext,
  pod: Pod,
  current: () => PodStatus,
): StatusWriter {
  const { namespace, name, uid } = pod.metadata;
  let told = '';
  let dirty = false;
  let closed = false;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    // A start changes several things at once; one write tells them all.
    await new Promise((resolve) => setImmediate(resolve));
    while (dirty && !closed) {
      dirty = false;
      const status = current();
      const text = canonicalJson(status);
      if (text === told) continue;
      try {
        const body = { metadata: { uid }, status };
        await client.patch(
          RESOURCES.pods,
          { namespace, name },
          { type: 'merge', body },
          { subresource: 'status' },
        );
        told = text;
      } catch (error) {
        if (isKubeError(error, 'not_found', 'conflict')) return;
        log(`pod ${namespace}/${name}: status: ${(error as Error).message}`);
        dirty = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  function touch(): void {
    dirty = true;
    writing ??= write().finally(() => {
      writing = undefined;
      if (dirty && !closed) touch();
    });
  }

  return {
    touch,
    async flush() {
      touch();
      await writing;
    },
    close() {
      closed = true;
    },
  };
}
