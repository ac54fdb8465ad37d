import { parse as parseYaml } from 'yaml';
import type { Call } from '../call.ts';
import { badRequest, StatusError } from '../errors.ts';
import { apiVersionOf, isObject, type JsonObject, type KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';

export const BODY_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

export function mediaTypeOf(call: Call): string {
  return (call.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function parseText(call: Call): unknown {
  const text = call.body.toString('utf8');
  const type = mediaTypeOf(call);
  if (type === 'application/yaml') return parseYaml(text);
  if (type === '' || type === 'application/json') return JSON.parse(text);
  throw new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${BODY_TYPES.join(', ')}`,
  });
}

/** The body as JSON or YAML; `about` begins the message when it is neither. */
export function parseBody(call: Call, about: string): unknown {
  try {
    return parseText(call);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`${about}couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** The body as an object of the resource's kind. */
export function decodeObject(call: Call, resource: Resource): KubeObject {
  const about = `the object provided is unrecognized (must be of type ${resource.kind}): `;
  const parsed = parseBody(call, about);
  if (!isObject(parsed))
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  return withDefaultsOf(parsed, resource);
}

/** Fills in apiVersion, kind and metadata, so that what follows may rely on them. */
function withDefaultsOf(parsed: JsonObject, resource: Resource): KubeObject {
  const apiVersion = apiVersionOf(resource.group, resource.version);
  const metadata = isObject(parsed['metadata']) ? parsed['metadata'] : {};
  return {
    ...parsed,
    apiVersion: typeof parsed['apiVersion'] === 'string' ? parsed['apiVersion'] : apiVersion,
    kind: typeof parsed['kind'] === 'string' ? parsed['kind'] : resource.kind,
    metadata: { ...metadata, name: typeof metadata['name'] === 'string' ? metadata['name'] : '' },
  };
}
