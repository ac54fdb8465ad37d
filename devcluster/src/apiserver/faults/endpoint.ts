import { z } from 'zod';
import { MASTERS } from '../auth/user.ts';
import type { Call, Reply } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, StatusError } from '../errors.ts';
import { FaultMatch, FaultRule } from './fault-rule.ts';
import type { StreamFault } from './faults.ts';

export const FAULTS_PATH = '/faults';

function json(status: number, body: unknown): Reply {
  return { type: 'text', status, contentType: 'application/json', text: `${JSON.stringify(body)}\n` };
}

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  let body: unknown;
  try {
    body = call.body.length === 0 ? {} : JSON.parse(call.body.toString('utf8'));
  } catch (error) {
    throw badRequest(`the fault is no JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(body);
  if (!result.success) throw badRequest(`the fault cannot be used: ${z.prettifyError(result.error)}`);
  return result.data;
}

/**
 * The fault endpoint, outside the Kubernetes API:
 *
 * - `GET /faults` lists the rules in force; `POST /faults` adds one ({@link FaultRule}); `DELETE /faults` removes all,
 *   `DELETE /faults/<id>` one
 * - `POST /faults/watches/drop`, `/silence` and `/truncate` act on the streams that are open ({@link FaultMatch}): cut
 *   now, open and without events from now on, or cut in the middle of the next event
 * - `POST /faults/compact` forgets all old revisions now
 */
export function handleFaults({ faults, store }: ServerContext, call: Call): Reply {
  if (!call.user.groups.includes(MASTERS)) {
    throw new StatusError({
      code: 403,
      reason: 'Forbidden',
      message: 'only administrators may cause faults',
    });
  }
  const [, ...parts] = call.info.path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  const route = `${call.method} ${first === undefined ? '' : first === 'watches' || first === 'compact' ? parts.join('/') : ':id'}`;
  switch (route) {
    case 'GET ':
      return json(200, { rules: faults.list() });
    case 'POST ':
      return json(201, faults.add(parse(FaultRule, call)));
    case 'DELETE ':
      faults.clear();
      return json(200, { rules: [] });
    case 'DELETE :id':
      return json(faults.remove(first ?? '') ? 200 : 404, {});
    case 'POST watches/drop':
    case 'POST watches/silence':
    case 'POST watches/truncate':
      return json(200, {
        streams: faults.onStreams(parse(FaultMatch, call), second as StreamFault),
      });
    case 'POST compact':
      store.compact();
      return json(200, { compactedRevision: store.compactedRevision });
    default:
      return json(404, { message: `there is no ${call.method} ${call.info.path}` });
  }
}
