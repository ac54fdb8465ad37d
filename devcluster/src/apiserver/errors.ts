import type { FieldError } from '../apimachinery/field-error.ts';
import type { JsonObject } from './object.ts';

export type { FieldError };

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/** What a resource is called in messages: `deployments.apps`. */
export interface ResourceName {
  group: string;
  plural: string;
}

interface StatusInput {
  code: number;
  reason?: string;
  message: string;
  details?: StatusDetails;
  headers?: Record<string, string>;
  /** List metadata: an expired continue token is answered with a fresh one here. */
  metadata?: JsonObject;
}

/** A refusal, answered as a `Status` object. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: StatusDetails | undefined;
  readonly headers: Record<string, string>;
  readonly metadata: JsonObject;

  constructor({ code, reason, message, details, headers, metadata }: StatusInput) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.headers = headers ?? {};
    this.metadata = metadata ?? {};
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export function qualified({ group, plural }: ResourceName): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Details list only what is known, as omitted empty fields do on the wire. */
function details(resource: ResourceName, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
  };
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(resource)} "${name}" not found`,
    details: details(resource, name),
  });
}

/** The path is served by nobody: an unknown group version or resource. */
export function noSuchResource(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function alreadyExists(resource: ResourceName, name: string, prefix = ''): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${prefix}${qualified(resource)} "${name}" already exists`,
    details: details(resource, name),
  });
}

export function conflict(resource: ResourceName, name: string, cause: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${cause}`,
    details: details(resource, name),
  });
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

export function forbidden(resource: ResourceName, name: string, cause: string): StatusError {
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualified(resource)}${name === '' ? '' : ` "${name}"`} is forbidden: ${cause}`,
    details: details(resource, name),
  });
}

export function methodNotAllowed(allow: string[] = []): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
    ...(allow.length > 0 ? { headers: { allow: allow.join(', ') } } : {}),
  });
}

export function expired(message: string, metadata: JsonObject = {}): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message, metadata });
}

/** An error that the real server does not classify either: 500 without a reason. */
export function unclassified(message: string): StatusError {
  return new StatusError({ code: 500, message });
}

export function internal(message: string): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

/** 422 with one cause for each field error; the message names each distinct one once. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualifiedKind} "${name}" is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  });
}
