/** What a request asks of which resource, for metrics: few values, whatever the names of objects are. */
export type RequestName = { verb: string; resource: string };

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** `GET /apis/apps/v1/namespaces/a/deployments/b/status` is `get` of `deployments/status`. */
export function requestName({ method, path }: { method: string; path: string }): RequestName {
  const [pathname = '', query = ''] = path.split('?');
  const [root, ...rest] = pathname.split('/').filter((part) => part !== '');
  const isResource = (root === 'api' && rest.length > 1) || (root === 'apis' && rest.length > 2);
  const below = rest.slice(root === 'api' ? 1 : 2);
  const named = below[0] === 'namespaces' && below.length > 2 ? below.slice(2) : below;
  const [plural = '', name, subresource] = named;
  if (!isResource) return { verb: method.toLowerCase(), resource: 'none' };
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  if (method !== 'GET') return { verb: VERBS[method] ?? method.toLowerCase(), resource };
  if (name !== undefined) return { verb: 'get', resource };
  return { verb: /(^|&)watch=(true|1)(&|$)/.test(query) ? 'watch' : 'list', resource };
}
