import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './auth/user.ts';
import type { FaultPlan } from './faults/apply-faults.ts';
import type { RequestInfo } from './http/request-info.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resources/resource.ts';

/** One request, authenticated and read, on its way to a handler. */
export interface Call {
  method: string;
  info: RequestInfo;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  user: User;
  body: Buffer;
  /** Messages for the client, sent as Warning headers. */
  warnings: string[];
  /** What goes wrong with it on purpose. */
  faults: FaultPlan;
}

/** A call for a resource that exists. */
export interface ResourceCall extends Call {
  resource: Resource;
}

export interface ListResult {
  resource: Resource;
  items: readonly KubeObject[];
  resourceVersion: string;
  continueToken?: string;
  remainingItemCount?: number;
}

/** What a handler answers; objects and lists are then written in the form that the client accepts. */
export type Reply =
  | {
      type: 'object';
      status: number;
      object: KubeObject;
      resource?: Resource;
      headers?: Record<string, string>;
    }
  | { type: 'list'; list: ListResult }
  | { type: 'text'; status: number; contentType: string; text: string; headers?: Record<string, string> };

export function objectReply(status: number, object: KubeObject, resource?: Resource): Reply {
  return { type: 'object', status, object, ...(resource === undefined ? {} : { resource }) };
}

export function statusReply(status: number, body: Record<string, unknown>): Reply {
  return {
    type: 'object',
    status,
    object: { kind: 'Status', apiVersion: 'v1', metadata: {}, ...body } as unknown as KubeObject,
  };
}

/** What nothing at all answers: not even a Status. */
export const PAGE_NOT_FOUND: Reply = {
  type: 'text',
  status: 404,
  contentType: 'text/plain; charset=utf-8',
  text: '404 page not found\n',
};
