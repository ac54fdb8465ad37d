import type { Transport } from '../src/engine/index.ts';

/** What a request needs in the words of RBAC: `verb group/resource`, with the subresource. */
export type Need = string;

/** Notes what every request of a transport needs, as an API server's authorizer would be asked. */
export function recordingNeeds(transport: Transport): { transport: Transport; needs: Set<Need> } {
  const needs = new Set<Need>();
  const applied = new Set<string>();
  return {
    needs,
    transport: {
      ...transport,
      async send(request) {
        const path = request.path.split('?')[0] ?? '';
        const place = placeOf(path);
        if (place === undefined) return transport.send(request);
        const { resource, name, subresource } = place;
        const what = subresource === undefined ? resource : `${resource}/${subresource}`;
        needs.add(`${verbOf(request.method, name)} ${what}`);
        const text = await transport.send(request);
        // An apply that makes the object needs `create` too; our own kinds are made by their users.
        const isApply = request.method === 'PATCH' && subresource === undefined;
        if (isApply && !applied.has(path) && !resource.startsWith('payments.cofferdam.dev/'))
          needs.add(`create ${what}`);
        if (isApply) applied.add(path);
        return text;
      },
      lines(request) {
        const place = placeOf(request.path.split('?')[0] ?? '');
        if (place !== undefined) needs.add(`watch ${place.resource}`);
        return transport.lines(request);
      },
    },
  };
}

/** `undefined` for what is no resource: discovery, keys. */
function placeOf(path: string): { resource: string; name?: string; subresource?: string } | undefined {
  const [, group, rest] =
    /^\/api\/v1()\/(.+)$/.exec(path) ?? /^\/apis\/([^/]+)\/[^/]+\/(.+)$/.exec(path) ?? [];
  if (group === undefined || rest === undefined) return undefined;
  const parts = rest.split('/');
  const [plural, name, subresource] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  return {
    resource: `${group}/${plural}`,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function verbOf(method: string, name: string | undefined): string {
  switch (method) {
    case 'GET':
      return name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return 'patch';
  }
}
