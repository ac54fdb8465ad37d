import { forbidden, StatusError } from '../errors.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import type { User } from './user.ts';

/** Why a user may not do something, in the words that clients know. */
function forbiddenText(user: User, wanted: Attributes): string {
  const resource = wanted.subresource === '' ? wanted.resource : `${wanted.resource}/${wanted.subresource}`;
  const where =
    wanted.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(wanted.namespace)}`;
  return (
    `User ${JSON.stringify(user.username)} cannot ${wanted.verb} resource ${JSON.stringify(resource)} ` +
    `in API group ${JSON.stringify(wanted.group)} ${where}`
  );
}

/** @throws StatusError 403 when no role allows it */
export function authorize(authorizer: Authorizer, user: User, wanted: Attributes): void {
  if (authorizer.decide(user, wanted).allowed) return;
  if (!wanted.isResource) {
    const message = `forbidden: User ${JSON.stringify(user.username)} cannot ${wanted.verb} path ${JSON.stringify(wanted.path)}`;
    throw new StatusError({ code: 403, reason: 'Forbidden', message, details: {} });
  }
  throw forbidden({ group: wanted.group, plural: wanted.resource }, wanted.name, forbiddenText(user, wanted));
}
