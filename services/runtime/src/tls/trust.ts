import { ENV } from '@cofferdam/contracts';
import { notUsable } from '../errors.ts';
import { watchFile } from '../files/watched-file.ts';
import type { Logger } from '../logging/logger.ts';
import { certificatesIn } from './issued-by.ts';

/** By whom the servers that we call are verified. */
export interface Trust {
  /** PEM of the authorities, newest content of the file; undefined: the public ones. */
  ca(): string | undefined;
  close(): void;
}

/** Follows a PEM file; without one trusts the public authorities. @throws {StartError} naming the variable */
export async function openTrust(
  path: string | undefined,
  { logger, variable = ENV.caFile, intervalMs }: { logger: Logger; variable?: string; intervalMs?: number },
): Promise<Trust> {
  if (path === undefined) return { ca: () => undefined, close: () => {} };
  const interval = intervalMs === undefined ? {} : { intervalMs };
  const file = await watchFile(path, readBundle, { logger, ...interval }).catch(notUsable(variable));
  return { ca: () => file.current(), close: () => file.close() };
}

/** Node passes over what it cannot read of a bundle, and would then trust nobody without saying why. */
function readBundle(pem: string): string {
  if (certificatesIn(pem).length === 0) throw new Error('there is no certificate in it');
  return pem;
}
