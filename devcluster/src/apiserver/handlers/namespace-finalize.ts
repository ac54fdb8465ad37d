import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { decodeObject } from '../decode/object.ts';
import { listAt, objectAt } from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { finishDeletion } from './delete.ts';
import { readObject } from './read.ts';
import { checkIdentity, checkVersion } from './update.ts';
import { writeOptions } from './write-options.ts';

/** `namespaces/<name>/finalize`: the namespace controller says that a namespace is empty. */
export function handleFinalize(context: ServerContext, call: ResourceCall): Reply {
  const { resource } = call;
  const options = writeOptions(call);
  const draft = decodeObject(call, resource, context.registry, options);
  checkIdentity(call, draft);
  const old = readObject(context, call);
  checkVersion(call, draft, old);
  const finalizers = listAt(draft, 'spec', 'finalizers');
  const { finalizers: _finalizers, ...spec } = objectAt(old, 'spec');
  const changed = { ...old, spec: finalizers.length === 0 ? spec : { ...spec, finalizers } };
  if (options.dryRun) return objectReply(200, viewOf(changed, resource), resource);
  const held = finalizers.length > 0 || (old.metadata.finalizers ?? []).length > 0;
  if (old.metadata.deletionTimestamp !== undefined && !held) {
    return objectReply(200, finishDeletion(context, resource, changed), resource);
  }
  return objectReply(200, viewOf(context.store.put(resource.collection, changed), resource), resource);
}
