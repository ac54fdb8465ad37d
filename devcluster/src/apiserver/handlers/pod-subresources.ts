import { type Reply, type ResourceCall, statusReply } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { parseBody } from '../decode/body.ts';
import { badRequest, conflict, StatusError } from '../errors.ts';
import { isObject, type KubeObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import { matchesSelector } from '../selectors/label-selector-object.ts';
import { deleteObject } from './delete.ts';
import { deleteOptions } from './delete-options.ts';
import { readObject } from './read.ts';

/** `pods/<name>/binding`: the scheduler gives the pod to a node. */
export function handleBinding(context: ServerContext, call: ResourceCall): Reply {
  const binding = parseBody(call, (message) => message);
  const node = stringAt(binding, 'target', 'name') ?? '';
  if (node === '') throw badRequest('target.name: Required value');
  const pod = readObject(context, call);
  const current = stringAt(pod, 'spec', 'nodeName') ?? '';
  if (current !== '') {
    throw conflict(
      call.resource,
      call.info.name,
      `pod ${call.info.name} is already assigned to node ${JSON.stringify(current)}`,
    );
  }
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(context.now()),
  };
  const others = listAt(pod, 'status', 'conditions').filter((c) => stringAt(c, 'type') !== 'PodScheduled');
  context.store.put(call.resource.collection, {
    ...pod,
    spec: { ...objectAt(pod, 'spec'), nodeName: node },
    status: { ...objectAt(pod, 'status'), conditions: [...others, scheduled] },
  });
  return statusReply(201, { status: 'Success', code: 201 });
}

function budgetsOf(context: ServerContext, pod: KubeObject): KubeObject[] {
  return context.store
    .list('poddisruptionbudgets.policy', pod.metadata.namespace)
    .filter((budget) => matchesSelector(member(budget, 'spec', 'selector'), pod.metadata.labels));
}

/** `pods/<name>/eviction`: a deletion that a PodDisruptionBudget may refuse. */
export function handleEviction(context: ServerContext, call: ResourceCall): Reply {
  const pod = readObject(context, call);
  const eviction = parseBody(call, (message) => message);
  const inner = member(eviction, 'deleteOptions');
  const options = deleteOptions({ ...call, body: Buffer.from(JSON.stringify(isObject(inner) ? inner : {})) });
  const blocking = budgetsOf(context, pod).find(
    (budget) => (numberAt(budget, 'status', 'disruptionsAllowed') ?? 0) < 1,
  );
  if (blocking !== undefined) {
    const { name } = blocking.metadata;
    throw new StatusError({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          { reason: 'DisruptionBudget', message: `The disruption budget ${name} needs more healthy pods` },
        ],
      },
    });
  }
  deleteObject(context, call.resource, pod, options);
  return statusReply(201, { status: 'Success', code: 201 });
}
