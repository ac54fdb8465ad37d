import type { TransportRequest } from '../../src/engine/index.ts';

const VERBS = { POST: 'create', PUT: 'update', DELETE: 'delete' } as const;

/** A write as the table of crash points names it: `apply services/payments-vault`, `status paymentvaults/payments`. */
export function writeName({ method, path, headers = {} }: TransportRequest): string | undefined {
  if (method === 'GET' || /\/(leases|events)\b/.test(path)) return undefined;
  const [, rest = ''] = path.split('?')[0]?.split(/\/namespaces\/[^/]+\//) ?? [];
  const [plural = path, name = '', subresource] = rest.split('/');
  const kindOfPatch = headers['content-type']?.includes('apply') ? 'apply' : 'patch';
  const verb = subresource ?? (method === 'PATCH' ? kindOfPatch : VERBS[method]);
  const object = name.replace(/-migrate-[0-9a-f]{10}$/, '-migrate-<hash>');
  return `${verb} ${plural}/${object}`;
}
