import { badRequest } from '../errors.ts';

/** What a request asks for, read from its method and path as the real server's RequestInfo does. */
export interface RequestInfo {
  isResource: boolean;
  path: string;
  verb: string;
  group: string;
  version: string;
  namespace: string | undefined;
  /** The plural in the path; empty for paths that end at a group version. */
  plural: string;
  subresource: string;
  name: string;
  /** The name that a list or watch is restricted to by its field selector: authorised like access to that name. */
  selectedName: string;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

function verbOf(method: string, name: string, watching: boolean): string {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      // A named object is read, whatever `watch` says: the right to watch one name must not show the others.
      if (name !== '') return 'get';
      return watching ? 'watch' : 'list';
  }
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: undefined,
    plural: '',
    subresource: '',
    name: '',
    selectedName: '',
  };
}

export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0' && value !== '';
}

/** Verbs for which a field selector of one name stands for that name. */
const SELECTING = new Set(['list', 'watch', 'deletecollection']);

/** @throws StatusError 400 for an escape that is none */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(part)}`);
  }
}

/** @throws StatusError 400 for a path that cannot be read */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const prefix = parts.shift();
  if (prefix !== 'api' && prefix !== 'apis') return nonResource(method, path);
  const group = prefix === 'apis' ? parts.shift() : '';
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0) return nonResource(method, path);

  let namespace: string | undefined;
  if (parts[0] === 'namespaces' && parts.length > 1) {
    // `namespaces/x` and `namespaces/x/status` name a Namespace itself; anything longer lies inside it.
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] ?? '')) {
      namespace = parts[1];
      parts.splice(0, 2);
    } else {
      namespace = parts[1];
    }
  }
  const [plural = '', name = '', subresource = ''] = parts;
  const watching = method === 'GET' && isTrue(query.get('watch'));
  const verb = verbOf(method, name, watching);
  const selected = /^metadata\.name=([^,=]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
  return {
    isResource: true,
    path,
    verb,
    group,
    version,
    namespace,
    plural,
    subresource,
    name,
    selectedName: name === '' && SELECTING.has(verb) ? selected : '',
  };
}
