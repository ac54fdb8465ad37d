import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, type TokenAuthenticator } from '../auth/authenticate.ts';
import { attributesOf } from '../auth/authorizer.ts';
import { authorize } from '../auth/forbid.ts';
import { impersonate } from '../auth/impersonate.ts';
import type { Call } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, internal, StatusError } from '../errors.ts';
import { applyFaults, NO_FAULTS } from '../faults/apply-faults.ts';
import { FAULTS_PATH, handleFaults } from '../faults/endpoint.ts';
import { readBody } from './body.ts';
import { routeNonResource } from './non-resource.ts';
import { requestInfo } from './request-info.ts';
import { respond, respondError } from './respond.ts';
import { routeResource } from './route.ts';

export interface ListenerOptions {
  context: ServerContext;
  authenticators: readonly TokenAuthenticator[];
  /** Told of errors that are the server's own fault. */
  onInternalError(error: unknown, call: string): void;
}

/** @throws StatusError 400 for a target that is no path, such as `//` */
function urlOf(request: IncomingMessage): URL {
  const target = request.url ?? '/';
  const url = URL.parse(target, 'https://apiserver');
  if (url === null) throw badRequest(`invalid request target ${JSON.stringify(target)}`);
  return url;
}

async function serve(
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { context } = options;
  const url = urlOf(request);
  const method = request.method ?? 'GET';
  const info = requestInfo(method, url.pathname, url.searchParams);
  const authenticated = authenticate(request.headers, options.authenticators);
  const user = impersonate(request.headers, authenticated, context.authorizer);
  authorize(context.authorizer, user, attributesOf(info));
  const call: Call = {
    method,
    info,
    query: url.searchParams,
    headers: request.headers,
    user,
    body: await readBody(request),
    warnings: [],
    faults: NO_FAULTS,
  };
  if (url.pathname === FAULTS_PATH || url.pathname.startsWith(`${FAULTS_PATH}/`)) {
    respond(response, call, handleFaults(context, call));
    return;
  }
  try {
    const rules = context.faults.take(call);
    if (rules.length > 0) call.faults = await applyFaults(rules);
    if (call.faults.drop === 'before') {
      response.destroy();
      return;
    }
    const reply = call.info.isResource
      ? await routeResource(context, call, response)
      : routeNonResource(context, call);
    if (call.faults.drop === 'after') response.destroy();
    else if (reply !== undefined) respond(response, call, reply);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    respondError(response, error, call.warnings);
  }
}

/** Answers every request, whatever goes wrong. */
export function listener(
  options: ListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // A client that went away is no error of ours, and an error nobody listens to would end the process.
    response.on('error', () => {});
    serve(options, request, response).catch((error: unknown) => {
      // Nobody is left to answer, and nothing is wrong here.
      if (request.destroyed && !request.complete) return;
      if (!(error instanceof StatusError)) options.onInternalError(error, `${request.method} ${request.url}`);
      const status =
        error instanceof StatusError
          ? error
          : internal(error instanceof Error ? error.message : String(error));
      respondError(response, status);
    });
  };
}
