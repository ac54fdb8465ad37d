import { type KubeObject, keyOf, type Written } from '../engine/index.ts';
import type { Log } from './context.ts';

/** One line for what a pass changed; nothing when it changed nothing. */
export function logWritten(log: Log, parent: KubeObject, written: readonly Written[]): void {
  if (written.length === 0) return;
  const changes = written.map(
    ({ verb, resource, object }) => `${verb} ${resource.kind}/${object.metadata.name}`,
  );
  log.info({ kind: parent.kind, resource: keyOf(parent), changes }, 'applied');
}
