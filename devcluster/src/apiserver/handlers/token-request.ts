import { invalidValue } from '../../apimachinery/field-error.ts';
import type { TokenSubject } from '../auth/service-account-tokens.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { decodeObject } from '../decode/object.ts';
import { badRequest, conflict, invalid, notFound } from '../errors.ts';
import { isObject, type KubeObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { readObject } from './read.ts';
import { writeOptions } from './write-options.ts';

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;

const BINDABLE = new Map<string, { collection: string; claim: keyof TokenSubject['bound'] }>([
  ['Pod', { collection: 'pods', claim: 'pod' }],
  ['Secret', { collection: 'secrets', claim: 'secret' }],
]);

/** A stand-in for the resource of the subresource's kind: what decoding needs. */
function tokenRequests(call: ResourceCall): Resource {
  return {
    ...call.resource,
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    schema: undefined,
    rules: {},
  };
}

function secondsOf(request: KubeObject): number {
  const seconds = numberAt(request, 'spec', 'expirationSeconds') ?? DEFAULT_SECONDS;
  const field = 'spec.expirationSeconds';
  const refuse = (detail: string): never => {
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      invalidValue(field, seconds, detail),
    ]);
  };
  if (seconds < MIN_SECONDS) refuse('may not specify a duration less than 10 minutes');
  if (seconds > MAX_SECONDS) refuse('may not specify a duration larger than 2^32 seconds');
  return seconds;
}

function boundTo(context: ServerContext, call: ResourceCall, request: KubeObject): TokenSubject['bound'] {
  const reference = member(request, 'spec', 'boundObjectRef');
  if (!isObject(reference)) return {};
  const kind = stringAt(reference, 'kind') ?? '';
  const name = stringAt(reference, 'name') ?? '';
  const bindable = BINDABLE.get(kind);
  if (bindable === undefined) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(call.info.name)} to object of type ${kind}`,
    );
  }
  const found = context.store.get(bindable.collection, namespaceOf(call), name);
  if (found === undefined) throw notFound({ group: '', plural: bindable.collection }, name);
  const wanted = stringAt(reference, 'uid') ?? '';
  const uid = found.metadata.uid ?? '';
  if (wanted !== '' && wanted !== uid) {
    const cause = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', plural: bindable.collection }, name, cause);
  }
  const runsAs = stringAt(found, 'spec', 'serviceAccountName') ?? 'default';
  if (kind === 'Pod' && runsAs !== call.info.name) {
    const account = JSON.stringify(call.info.name);
    throw badRequest(
      `cannot bind token for serviceaccount ${account} to pod running with different serviceaccount name.`,
    );
  }
  return { [bindable.claim]: { name, uid }, ...nodeOf(context, found) };
}

/** A pod's token also names the node that the pod runs on. */
function nodeOf(context: ServerContext, pod: KubeObject): TokenSubject['bound'] {
  const name = stringAt(pod, 'spec', 'nodeName');
  if (pod.kind !== 'Pod' || name === undefined) return {};
  const uid = context.store.get('nodes', undefined, name)?.metadata.uid ?? '';
  return { node: { name, uid } };
}

/** `serviceaccounts/<name>/token`: a signed token for the account. */
export function handleTokenRequest(context: ServerContext, call: ResourceCall): Reply {
  const request = decodeObject(call, tokenRequests(call), context.registry, writeOptions(call));
  const account = readObject(context, call);
  const seconds = secondsOf(request);
  const bound = boundTo(context, call, request);
  const asked = listAt(request, 'spec', 'audiences').map(String);
  const audiences = asked.length === 0 ? [context.tokens.issuer] : asked;
  const { name, namespace = '', uid = '' } = account.metadata;
  const now = context.now().getTime();
  const token = context.tokens.sign(
    { namespace, serviceAccount: { name, uid }, bound },
    audiences,
    seconds,
    now,
  );
  const reference = objectAt(request, 'spec', 'boundObjectRef');
  return objectReply(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, uid, creationTimestamp: timestamp(context.now()) },
    spec: {
      audiences,
      expirationSeconds: seconds,
      boundObjectRef: Object.keys(reference).length === 0 ? null : reference,
    },
    status: { token, expirationTimestamp: timestamp(new Date(now + seconds * 1000)) },
  });
}
