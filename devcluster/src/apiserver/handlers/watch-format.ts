import type { ServerResponse } from 'node:http';
import type { ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { negotiate } from '../http/negotiate.ts';
import { partialMetadata } from '../http/respond.ts';
import { tableOf } from '../tables/table.ts';
import { plainFormat, type WatchFormat, WatchStream } from './watch.ts';

const metadataFormat: WatchFormat = (type, object) =>
  `${JSON.stringify({ type, object: partialMetadata(object) })}\n`;

/** Rows of a table; only the first one names the columns. */
function tableFormat(call: ResourceCall): WatchFormat {
  let headers = true;
  return (type, object) => {
    const { resourceVersion } = object.metadata;
    const table = tableOf(call.resource, type === 'BOOKMARK' ? [] : [object], {
      metadata: resourceVersion === undefined ? {} : { resourceVersion },
      includeObject: call.query.get('includeObject') ?? '',
      now: Date.now(),
      headers,
    });
    headers = false;
    return `${JSON.stringify({ type, object: table })}\n`;
  };
}

export function openWatch(context: ServerContext, call: ResourceCall, response: ServerResponse): void {
  const { as } = negotiate(call.headers.accept, true);
  const format = as === 'table' ? tableFormat(call) : as === 'plain' ? plainFormat : metadataFormat;
  new WatchStream(context, call, response, format).start();
}
