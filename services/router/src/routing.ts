import { RoutingFile } from '@cofferdam/contracts';
import { type Logger, StartError, type WatchedFile, watchFile } from '@cofferdam/runtime';

/**
 * ROUTING_FILE, followed as it changes: a new connector or merchant needs no restart. A payment keeps the routing
 * that it began with.
 *
 * @throws {StartError} when it is missing or wrong at the start; later such a file is reported and not used
 */
export async function loadRouting(
  path: string,
  options: { logger: Logger; intervalMs?: number },
): Promise<WatchedFile<RoutingFile>> {
  return watchFile(path, parseRouting, options).catch((error: unknown) => {
    throw new StartError(`ROUTING_FILE is not usable: ${error instanceof Error ? error.message : error}`);
  });
}

function parseRouting(content: string): RoutingFile {
  const result = RoutingFile.safeParse(JSON.parse(content));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}
