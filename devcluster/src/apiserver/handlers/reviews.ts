import { invalidValue } from '../../apimachinery/field-error.ts';
import type { Attributes, Decision } from '../auth/authorizer.ts';
import type { User } from '../auth/user.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { decodeObject } from '../decode/object.ts';
import { badRequest, invalid } from '../errors.ts';
import { type JsonObject, type KubeObject, listAt, member, objectAt, stringAt } from '../object.ts';
import { writeOptions } from './write-options.ts';

function userInfo(user: User): JsonObject {
  return {
    username: user.username,
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}

function answer(call: ResourceCall, object: KubeObject, status: JsonObject): Reply {
  const { name: _name, ...metadata } = object.metadata;
  return objectReply(201, { ...object, metadata: metadata as KubeObject['metadata'], status }, call.resource);
}

function selfSubjectReview(context: ServerContext, call: ResourceCall, object: KubeObject): Reply {
  const { metadata, ...rest } = object;
  const dated = {
    ...rest,
    metadata: { ...metadata, creationTimestamp: timestamp(context.now()) },
  } as KubeObject;
  return answer(call, dated, { userInfo: userInfo(call.user) });
}

function tokenReview(context: ServerContext, call: ResourceCall, object: KubeObject): Reply {
  const token = stringAt(object, 'spec', 'token') ?? '';
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const asked = listAt(object, 'spec', 'audiences').map(String);
  const audiences = asked.length === 0 ? [context.tokens.issuer] : asked;
  const result = context.tokens.verify(token, audiences, context.now().getTime());
  if (typeof result === 'string') return answer(call, object, { user: {}, error: result });
  const groups = [...new Set([...result.user.groups, 'system:authenticated'])];
  return answer(call, object, {
    authenticated: true,
    user: userInfo({ ...result.user, groups }),
    audiences: result.audiences,
  });
}

function wantedBy(spec: JsonObject): Attributes {
  const resource = member(spec, 'resourceAttributes');
  const other = member(spec, 'nonResourceAttributes');
  if ((resource === undefined) === (other === undefined)) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', [
      invalidValue('spec.resourceAttributes', null, detail),
    ]);
  }
  const text = (source: unknown, key: string): string => stringAt(source, key) ?? '';
  return {
    verb: text(resource ?? other, 'verb'),
    isResource: resource !== undefined,
    path: text(other, 'path'),
    group: text(resource, 'group'),
    resource: text(resource, 'resource'),
    subresource: text(resource, 'subresource'),
    namespace: text(resource, 'namespace'),
    name: text(resource, 'name'),
  };
}

function decided({ allowed, reason }: Decision): JsonObject {
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function selfAccessReview(context: ServerContext, call: ResourceCall, object: KubeObject): Reply {
  const wanted = wantedBy(objectAt(object, 'spec'));
  return answer(call, object, decided(context.authorizer.decide(call.user, wanted)));
}

function accessReview(context: ServerContext, call: ResourceCall, object: KubeObject): Reply {
  const spec = objectAt(object, 'spec');
  const wanted = wantedBy(spec);
  const username = stringAt(spec, 'user') ?? '';
  const groups = listAt(spec, 'groups').map(String);
  if (username === '' && groups.length === 0) {
    const problem = invalidValue('spec.user', '', 'at least one of user or group must be specified');
    throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', [problem]);
  }
  const namespace = call.info.namespace;
  if (namespace !== undefined && call.resource.namespaced) {
    object.metadata.namespace ??= namespace;
    // Who may ask about one namespace learns nothing about others.
    if (!wanted.isResource || wanted.namespace !== namespace) {
      const detail = 'must match metadata.namespace';
      throw invalid({ group: 'authorization.k8s.io', kind: 'LocalSubjectAccessReview' }, '', [
        invalidValue('spec.resourceAttributes.namespace', wanted.namespace, detail),
      ]);
    }
  }
  return answer(call, object, decided(context.authorizer.decide({ username, groups }, wanted)));
}

function rulesReview(context: ServerContext, call: ResourceCall, object: KubeObject): Reply {
  const namespace = stringAt(object, 'spec', 'namespace') ?? '';
  const rules = context.authorizer.grantsOf(call.user, namespace).flatMap((grant) => grant.rules);
  const kept = (rule: object): JsonObject =>
    Object.fromEntries(Object.entries(rule).filter(([, list]) => Array.isArray(list) && list.length > 0));
  return answer(call, object, {
    resourceRules: rules.filter((rule) => rule.resources.length > 0).map(kept),
    nonResourceRules: rules.filter((rule) => rule.nonResourceURLs.length > 0).map(kept),
    incomplete: false,
  });
}

/** By collection: a CRD may call its own kinds anything. */
const REVIEWS: Record<string, (context: ServerContext, call: ResourceCall, object: KubeObject) => Reply> = {
  'selfsubjectreviews.authentication.k8s.io': selfSubjectReview,
  'tokenreviews.authentication.k8s.io': tokenReview,
  'selfsubjectaccessreviews.authorization.k8s.io': selfAccessReview,
  'subjectaccessreviews.authorization.k8s.io': accessReview,
  'localsubjectaccessreviews.authorization.k8s.io': accessReview,
  'selfsubjectrulesreviews.authorization.k8s.io': rulesReview,
};

/** Reviews are questions in the form of objects: answered, never stored. Undefined for other resources. */
export function handleReview(context: ServerContext, call: ResourceCall): Reply | undefined {
  const review = REVIEWS[call.resource.collection];
  if (review === undefined) return undefined;
  const object = decodeObject(call, call.resource, context.registry, writeOptions(call));
  return review(context, call, object);
}
