import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';

/**
 * Where an environment's rendered files are.
 * @param directory `environments/` of a clone
 * @throws CliError `environment_unknown`, with those that there are
 */
export function renderedDirectory(directory: string, name: string): string {
  const known = environmentsIn(directory);
  if (known.includes(name)) return join(directory, name, 'rendered');
  const list = known.length === 0 ? `none (run npm run synth)` : known.join(', ');
  throw new CliError(
    'environment_unknown',
    `there is no environment ${JSON.stringify(name)}; there are: ${list}`,
  );
}

/** Names of the environments that are rendered. */
function environmentsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'rendered')))
    .map(({ name }) => name)
    .sort();
}
