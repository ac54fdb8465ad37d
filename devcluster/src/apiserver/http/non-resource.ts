import { type Call, PAGE_NOT_FOUND, type Reply } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { aggregated, apiVersions, groupDocument, groupList, resourceList } from '../discovery/documents.ts';
import { noSuchResource } from '../errors.ts';
import type { JsonObject } from '../object.ts';

function json(body: JsonObject, contentType = 'application/json'): Reply {
  return { type: 'text', status: 200, contentType, text: `${JSON.stringify(body)}\n` };
}

const OK: Reply = { type: 'text', status: 200, contentType: 'text/plain; charset=utf-8', text: 'ok' };

const VERSION = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.2+cofferdam-devcluster',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-06-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
};

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function wantsAggregated(call: Call): boolean {
  return (call.headers.accept ?? '').split(',').some((clause) => {
    const compact = clause.replaceAll(/\s/g, '');
    return (
      compact.includes('as=APIGroupDiscoveryList') &&
      compact.includes('v=v2') &&
      !compact.includes('v=v2beta1')
    );
  });
}

function discovery(context: ServerContext, call: Call, parts: string[]): Reply {
  const { registry } = context;
  const [prefix, group, version] = parts;
  if (parts.length === 1 && wantsAggregated(call))
    return json(aggregated(registry, prefix === 'api'), AGGREGATED);
  if (prefix === 'api') {
    if (group === undefined) return json(apiVersions(call.headers.host ?? ''));
    return groupVersionDocument(context, '', group);
  }
  if (group === undefined) return json(groupList(registry));
  const document = groupDocument(registry, group);
  if (document === undefined) return PAGE_NOT_FOUND;
  if (version === undefined) return json(document);
  return groupVersionDocument(context, group, version);
}

function groupVersionDocument(context: ServerContext, group: string, version: string): Reply {
  const found = context.registry.groupVersions().find((gv) => gv.group === group && gv.version === version);
  if (found === undefined) throw noSuchResource();
  return json(resourceList(group, version, found.resources));
}

function issuerDocument({ tokens }: ServerContext): JsonObject {
  return {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}

function openApi({ openApi }: ServerContext, [version, ...path]: string[]): Reply {
  // Version 2 is for clients that only read protobuf; they go on without it.
  if (version !== 'v3') return PAGE_NOT_FOUND;
  if (path.length === 0) return json(openApi.index(), 'text/plain; charset=utf-8');
  const text = openApi.text(path.join('/'));
  if (text === undefined) return { type: 'text', status: 404, contentType: '', text: '' };
  return { type: 'text', status: 200, contentType: 'application/json', text };
}

/** Discovery, health, version and the documents about tokens. */
export function routeNonResource(context: ServerContext, call: Call): Reply {
  const parts = call.info.path.split('/').filter((part) => part !== '');
  switch (parts[0]) {
    case 'healthz':
    case 'livez':
    case 'readyz':
      return parts.length === 1 || parts[1] === 'ping' ? OK : PAGE_NOT_FOUND;
    case 'openapi':
      return openApi(context, parts.slice(1));
    case 'version':
      return json(VERSION);
    case 'openid':
      return json(context.tokens.keySet(), 'application/jwk-set+json');
    case '.well-known':
      return json(issuerDocument(context));
    case 'api':
    case 'apis':
      return discovery(context, call, parts);
    default:
      return PAGE_NOT_FOUND;
  }
}
