import type { ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import type { Call, ListResult, Reply } from '../call.ts';
import { StatusError } from '../errors.ts';
import { apiVersionOf, type JsonObject, type KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { jsonOf } from '../resources/view.ts';
import { tableOf } from '../tables/table.ts';
import { type Accepted, negotiate } from './negotiate.ts';

/** All warnings of an answer together, and each of them once they are more: clients limit the size of headers. */
const MAX_WARNING_LENGTH = { all: 4096, each: 256 };

/**
 * Header values are bytes: UTF-8, as the real server sends it, and no control characters. Bodies are bytes, too, for
 * Node encodes headers once more when it sends them along with a string.
 */
function headerText(text: string): string {
  return Buffer.from(text.replaceAll('\u007f', '\\x7f'), 'utf8').toString('latin1');
}

export function warningHeaders(warnings: readonly string[]): Record<string, string[]> {
  if (warnings.length === 0) return {};
  const { all, each } = MAX_WARNING_LENGTH;
  const length = warnings.reduce((sum, text) => sum + text.length, 0);
  let left = all;
  const kept = (length > all ? warnings.map((text) => text.slice(0, each)) : warnings).filter((text) => {
    left -= text.length;
    return left >= 0;
  });
  return { warning: kept.map((text) => headerText(`299 - ${JSON.stringify(text)}`)) };
}

const NO_CACHE = 'no-cache, private';

export function partialMetadata(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function listMetadata(list: ListResult): JsonObject {
  return {
    resourceVersion: list.resourceVersion,
    ...(list.continueToken === undefined ? {} : { continue: list.continueToken }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
  };
}

/** Items of built-in lists carry neither kind nor apiVersion; those of custom resources do. */
function itemText(object: KubeObject, resource: Resource): string {
  const text = jsonOf(object);
  if (resource.custom !== undefined) return text;
  const prefix = `{"kind":${JSON.stringify(object.kind)},"apiVersion":${JSON.stringify(object.apiVersion)},`;
  if (text.startsWith(prefix)) return `{${text.slice(prefix.length)}`;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return JSON.stringify(rest);
}

function listText(list: ListResult): string {
  const { resource } = list;
  const kind = JSON.stringify(resource.listKind);
  const apiVersion = JSON.stringify(apiVersionOf(resource.group, resource.version));
  const items = list.items.map((item) => itemText(item, resource)).join(',');
  // Lists of custom resources are unstructured: they have this member even when there is no more.
  const metadata = { ...(resource.custom === undefined ? {} : { continue: '' }), ...listMetadata(list) };
  return `{"kind":${kind},"apiVersion":${apiVersion},"metadata":${JSON.stringify(metadata)},"items":[${items}]}\n`;
}

function listBody(list: ListResult, accepted: Accepted, call: Call): string {
  switch (accepted.as) {
    case 'table':
      return JSON.stringify(
        tableOf(list.resource, list.items, {
          metadata: listMetadata(list),
          includeObject: call.query.get('includeObject') ?? '',
          now: Date.now(),
          headers: true,
        }),
      );
    case 'metadata-list':
      return JSON.stringify({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: listMetadata(list),
        items: list.items.map(partialMetadata),
      });
    case 'metadata':
      throw new StatusError({
        code: 406,
        reason: 'NotAcceptable',
        message: `you requested PartialObjectMetadata, but the requested object is a list (*core.${list.resource.listKind})`,
      });
    default:
      return listText(list);
  }
}

function objectBody(
  object: KubeObject,
  resource: Resource | undefined,
  accepted: Accepted,
  call: Call,
): string {
  if (resource !== undefined && object.kind !== 'Status') {
    if (accepted.as === 'table') {
      const { resourceVersion } = object.metadata;
      return JSON.stringify(
        tableOf(resource, [object], {
          metadata: resourceVersion === undefined ? {} : { resourceVersion },
          includeObject: call.query.get('includeObject') ?? '',
          now: Date.now(),
          headers: true,
        }),
      );
    }
    if (accepted.as === 'metadata') return JSON.stringify(partialMetadata(object));
  }
  return `${jsonOf(object)}\n`;
}

function bodyOf(reply: Exclude<Reply, { type: 'text' }>, accepted: Accepted, call: Call): string {
  if (reply.type === 'list') return listBody(reply.list, accepted, call);
  return objectBody(reply.object, reply.resource, accepted, call);
}

/** Writes a reply in the form that the client accepts. */
export function respond(response: ServerResponse, call: Call, reply: Reply): void {
  if (reply.type === 'text') {
    response.writeHead(reply.status, {
      ...(reply.contentType === '' ? {} : { 'content-type': reply.contentType }),
      ...(reply.headers ?? {}),
      ...warningHeaders(call.warnings),
    });
    response.end(Buffer.from(reply.text));
    return;
  }
  const accepted = negotiate(call.headers.accept, true);
  const json = bodyOf(reply, accepted, call);
  const body = Buffer.from(accepted.yaml ? stringify(JSON.parse(json)) : json);
  response.writeHead(reply.type === 'object' ? reply.status : 200, {
    'content-type': accepted.yaml ? 'application/yaml' : 'application/json',
    'cache-control': NO_CACHE,
    'content-length': body.length,
    ...(reply.type === 'object' ? reply.headers : undefined),
    ...warningHeaders(call.warnings),
  });
  response.end(body);
}

/** Errors are always JSON: a client that asked for something else still has to understand them. */
export function respondError(
  response: ServerResponse,
  error: StatusError,
  warnings: readonly string[] = [],
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify(error.toStatus())}\n`);
  response.writeHead(error.code, {
    'content-type': 'application/json',
    'cache-control': NO_CACHE,
    'content-length': body.length,
    ...error.headers,
    ...warningHeaders(warnings),
  });
  response.end(body);
}
