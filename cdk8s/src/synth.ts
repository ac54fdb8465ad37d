import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ConfigError } from './config/config-error.ts';
import type { Files } from './manifest-files.ts';
import { type Inputs, renderEnvironment, renderInstall } from './render.ts';
import { differences, write } from './rendered-directory.ts';

export interface SynthOptions {
  /** The repository. */
  readonly root: string;
  /** Compare instead of writing. */
  readonly check: boolean;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

/**
 * Renders every environment and the generic installation.
 * @returns the exit status: 1 for an input that is wrong, or with `check` for a directory that differs
 */
export function synth(options: SynthOptions): 0 | 1 {
  try {
    // All inputs are read before anything is written: a mistake in one leaves all as they are.
    const rendered = targets(options.root).map(({ directory, render }) => ({
      directory,
      files: render(readInputs(options.root, directory)),
    }));
    const differing = rendered.filter(({ directory, files }) => settle(options, directory, files));
    if (!options.check || differing.length === 0) return 0;
    options.printError('Run `npm run synth` and commit what it writes.');
    return 1;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    options.printError(error.message);
    return 1;
  }
}

interface Target {
  /** In the repository. */
  readonly directory: string;
  readonly render: (inputs: Inputs) => Files;
}

function targets(root: string): Target[] {
  const environments = readdirSync(`${root}/environments`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ directory: `environments/${entry.name}`, render: renderEnvironment }))
    .sort((a, b) => (a.directory < b.directory ? -1 : 1));
  return [...environments, { directory: 'install', render: renderInstall }];
}

function readInputs(root: string, directory: string): Inputs {
  const read = (name: string) => {
    const path = `${directory}/${name}`;
    if (existsSync(`${root}/${path}`)) return readFileSync(`${root}/${path}`, 'utf8');
    throw new ConfigError([{ place: path, path: '', message: 'is missing: every environment has one' }]);
  };
  return { directory, config: read('config.yaml'), release: read('release.yaml') };
}

/** @returns whether the directory differed */
function settle({ root, check, print, printError }: SynthOptions, directory: string, files: Files): boolean {
  const path = `${directory}/rendered`;
  const found = (check ? differences : write)(`${root}/${path}`, files);
  for (const { name, state } of found) {
    if (check) printError(`${path}/${name}: ${state}`);
    else print(`${state === 'no longer rendered' ? 'removed' : 'wrote'} ${path}/${name}`);
  }
  return found.length > 0;
}
