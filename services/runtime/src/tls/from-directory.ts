import { join } from 'node:path';
import { watchFiles } from '../files/watched-file.ts';
import type { Logger } from '../logging/logger.ts';
import { readPair, type ServingPair } from './key-pair.ts';
import { Held, type ServerCredentials } from './server-credentials.ts';

/**
 * The pair in `tls.crt` and `tls.key`, as a Secret of type kubernetes.io/tls is mounted and cert-manager renews it.
 * A new pair that does not fit together is reported, and the one before it stays.
 * @throws when there is no usable pair at the start
 */
export async function credentialsFromDirectory(
  directory: string,
  { logger, intervalMs }: { logger: Logger; intervalMs?: number },
): Promise<ServerCredentials> {
  let held: Held | undefined;
  const files = await watchFiles<ServingPair>({
    paths: () => [join(directory, 'tls.crt'), join(directory, 'tls.key')],
    parse: ([certificate = '', key = '']) => readPair({ certificate, key }),
    onChange: (pair) => held?.replace(pair),
    logger,
    ...(intervalMs === undefined ? {} : { intervalMs }),
  });
  held = new Held(files.current());
  const { current, onChange, expiresAt } = held;
  return { current, onChange, expiresAt, problem: () => files.problem(), close: () => files.close() };
}
