import { accessSync, constants, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ofThisClone = fileURLToPath(new URL('../../../.cofferdam/cache', import.meta.url));

/**
 * Where compiled code and Kafka's jars are kept: one place for every cluster of this clone, whatever its state directory.
 * @returns undefined where the clone is not ours to write to: then each state directory has its own
 */
export function cacheDirectory(): string | undefined {
  try {
    mkdirSync(ofThisClone, { recursive: true, mode: 0o700 });
    accessSync(ofThisClone, constants.W_OK);
    return ofThisClone;
  } catch {
    return undefined;
  }
}
