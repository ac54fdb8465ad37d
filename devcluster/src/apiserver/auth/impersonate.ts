import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '../errors.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import { authorize } from './forbid.ts';
import { AUTHENTICATED, type User } from './user.ts';

const EXTRA = 'impersonate-extra-';

function values(headers: IncomingHttpHeaders, name: string): string[] {
  const found = headers[name];
  if (found === undefined) return [];
  // Node joins repeated headers it does not know with a comma.
  return (Array.isArray(found) ? found : found.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

function attribute(resource: string, name: string, more: Partial<Attributes> = {}): Attributes {
  return {
    verb: 'impersonate',
    isResource: true,
    path: '',
    group: '',
    resource,
    subresource: '',
    namespace: '',
    name,
    ...more,
  };
}

function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  const found = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const [, namespace, name] = found ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The key as it is meant; one that is not escaped properly is taken as it is. */
function extraKey(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/**
 * Whom the request is made as: the user that the Impersonate headers name, if the real one may do that.
 *
 * @throws StatusError 400 or 403
 */
export function impersonate(headers: IncomingHttpHeaders, user: User, authorizer: Authorizer): User {
  const [username = ''] = values(headers, 'impersonate-user');
  const groups = values(headers, 'impersonate-group');
  const [uid = ''] = values(headers, 'impersonate-uid');
  const extras = Object.keys(headers).filter((name) => name.startsWith(EXTRA));
  if (username === '') {
    if (groups.length === 0 && uid === '' && extras.length === 0) return user;
    const list = groups.map((group) => JSON.stringify(group)).join(', ');
    throw badRequest(
      `requested &user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:[]string{${list}}, Extra:map[string][]string(nil)} without impersonating a user name`,
    );
  }
  const account = serviceAccountOf(username);
  authorize(
    authorizer,
    user,
    account === undefined
      ? attribute('users', username)
      : attribute('serviceaccounts', account.name, { namespace: account.namespace }),
  );
  for (const group of groups) authorize(authorizer, user, attribute('groups', group));
  const authentication = { group: 'authentication.k8s.io' };
  if (uid !== '') authorize(authorizer, user, attribute('uids', uid, authentication));
  const extra: Record<string, string[]> = {};
  for (const header of extras) {
    const key = extraKey(header.slice(EXTRA.length));
    extra[key] = values(headers, header);
    for (const value of extra[key]) {
      authorize(authorizer, user, attribute('userextras', value, { ...authentication, subresource: key }));
    }
  }
  const implied =
    account === undefined || groups.length > 0
      ? groups
      : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  return {
    username,
    ...(uid === '' ? {} : { uid }),
    groups: username === 'system:anonymous' ? implied : [...new Set([...implied, AUTHENTICATED])],
    ...(extras.length === 0 ? {} : { extra }),
  };
}
