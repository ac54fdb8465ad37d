import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ConfigError } from './config/config-error.ts';
import { checkTogether } from './config/environments-together.ts';
import { checkPromotionSources } from './config/promotion-sources.ts';
import { type Files, type Manifest, manifestFiles } from './manifest-files.ts';
import { environmentManifests, type Inputs, renderArgoCd, renderInstall } from './render.ts';
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
    const rendered = renderAll(options.root);
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

interface Rendered {
  /** In the repository. */
  readonly directory: string;
  readonly files: Files;
}

function renderAll(root: string): Rendered[] {
  const environments = readEnvironments(root);
  checkTogether([...environments.values()]);
  const manifests = new Map(
    [...environments].map(([name, inputs]) => [name, environmentManifests(inputs)] as const),
  );
  return [
    ...[...manifests].map(([name, objects]) => {
      const directory = `environments/${name}`;
      return { directory, files: manifestFiles(objects, directory) };
    }),
    { directory: 'install', files: renderInstall(readInputs(root, 'install')) },
    ...argoCdOf(root, manifests),
  ];
}

/** A repository that is not synced by Argo CD has none. */
function argoCdOf(root: string, manifests: ReadonlyMap<string, readonly Manifest[]>): Rendered[] {
  const directory = 'install/argocd';
  const config = textOf(root, `${directory}/config.yaml`);
  if (config === undefined) return [];
  const files = renderArgoCd(config.text, manifests);
  const promotion = textOf(root, 'environments/promotion.yaml');
  if (promotion !== undefined) checkPromotionSources(promotion, config);
  return [{ directory, files }];
}

function textOf(root: string, file: string): { file: string; text: string } | undefined {
  const path = `${root}/${file}`;
  return existsSync(path) ? { file, text: readFileSync(path, 'utf8') } : undefined;
}

/** Name -> inputs, in the order of the names. */
function readEnvironments(root: string): ReadonlyMap<string, Inputs> {
  const names = environmentNames(root);
  return new Map(names.map((name) => [name, readInputs(root, `environments/${name}`)]));
}

/** The environments of a repository, in the order of their names. */
export function environmentNames(root: string): string[] {
  return readdirSync(`${root}/environments`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * The inputs of one environment.
 * @throws {ConfigError} for one that does not exist, with those that do
 */
export function readEnvironment(root: string, name: string): Inputs {
  const names = environmentNames(root);
  if (names.includes(name)) return readInputs(root, `environments/${name}`);
  const message = `does not exist: there are ${names.join(', ') || 'none'}`;
  throw new ConfigError([{ place: `environments/${name}`, path: '', message }]);
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
