import { ArgoCdConfig, ConfigError, type Inputs, parseYaml, Release } from '@cofferdam/cdk8s';
import type { Pins } from './domain/pins.ts';
import { CONFIG_PATH, PromotionConfig } from './domain/promotion-config.ts';
import type { ReleaseRecord } from './domain/releases.ts';
import { PromotionError } from './errors.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';

/** An environment as it stands at one revision. */
export interface Environment {
  readonly name: string;
  /** Such as `environments/prod`. */
  readonly directory: string;
  readonly config: string;
  /** The text of `release.yaml`. */
  readonly release: string;
  readonly pins: Pins;
  /** File name -> content of `rendered/`, as committed. */
  readonly rendered: ReadonlyMap<string, string>;
}

/** File name -> content, from the two input files; it throws a ConfigError for inputs that are wrong. */
export type Renderer = (inputs: Inputs) => ReadonlyMap<string, string>;

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws {PromotionError} `config_invalid` */
export async function readConfig(repository: Repository, revision: string): Promise<PromotionConfig> {
  const text = await repository.read(revision, CONFIG_PATH);
  if (text === undefined) {
    throw new PromotionError(
      'config_invalid',
      `${CONFIG_PATH} is missing at ${revision.slice(0, 10)}: docs/promotion.md says what stands in it`,
    );
  }
  return valid(() => parseYaml(CONFIG_PATH, text, PromotionConfig));
}

const ARGOCD_PATH = 'install/argocd/config.yaml';

/**
 * Environments that Argo CD is told of.
 * @returns undefined where the repository does not say
 * @throws {PromotionError} `config_invalid`
 */
export async function syncedEnvironments(
  repository: Repository,
  revision: string,
): Promise<readonly string[] | undefined> {
  const text = await repository.read(revision, ARGOCD_PATH);
  if (text === undefined) return undefined;
  return Object.keys(valid(() => parseYaml(ARGOCD_PATH, text, ArgoCdConfig)).clusters);
}

/** @throws {PromotionError} `environment_unknown`, `config_invalid`, `pin_invalid` */
export async function readEnvironment(
  repository: Repository,
  revision: string,
  name: string,
): Promise<Environment> {
  const directory = `environments/${name}`;
  const [config, release] = NAME.test(name)
    ? await Promise.all([
        repository.read(revision, `${directory}/config.yaml`),
        repository.read(revision, `${directory}/release.yaml`),
      ])
    : [undefined, undefined];
  if (config === undefined || release === undefined)
    throw await unknownEnvironment(repository, revision, name);
  const pins = valid(() => parseYaml(`${directory}/release.yaml`, release, Release)).images;
  const texts = await repository.texts(revision, `${directory}/rendered`);
  const start = `${directory}/rendered/`.length;
  const rendered = new Map([...texts].map(([path, text]) => [path.slice(start), text]));
  return { name, directory, config, release, pins, rendered };
}

async function unknownEnvironment(
  repository: Repository,
  revision: string,
  name: string,
): Promise<PromotionError> {
  const paths = await repository.files(revision, 'environments');
  const known = paths.flatMap((path) => /^environments\/([^/]+)\/config\.yaml$/.exec(path)?.[1] ?? []);
  return new PromotionError(
    'environment_unknown',
    `there is no environment ${name} at ${revision.slice(0, 10)} (environments/${name}/{config,release}.yaml); there are: ${known.join(', ') || 'none'}`,
  );
}

/** What `npm run synth` would write for these inputs. @throws {PromotionError} `config_invalid`, `pin_invalid` */
export function rendered(
  render: Renderer,
  { directory, config }: Environment,
  release: string,
): ReadonlyMap<string, string> {
  return valid(() => render({ directory, config, release }));
}

/** A promotion from files that are not what their inputs give would change more than it says. */
export function checkRendered(render: Renderer, environment: Environment): void {
  const wanted = rendered(render, environment, environment.release);
  const names = [...new Set([...wanted.keys(), ...environment.rendered.keys()])];
  const stale = names.filter((name) => wanted.get(name) !== environment.rendered.get(name));
  if (stale.length === 0) return;
  throw new PromotionError(
    'rendered_stale',
    `${environment.directory}/rendered is not what its inputs give (${stale.slice(0, 3).join(', ')}${stale.length > 3 ? ', ...' : ''}): run \`npm run synth\` and commit what it writes`,
  );
}

/** Newest first; a release whose file this code cannot read any more ends the list. */
export async function readReleases(
  repository: Repository & RepositoryHistory,
  revision: string,
  environment: string,
): Promise<ReleaseRecord[]> {
  const path = `environments/${environment}/release.yaml`;
  const records: ReleaseRecord[] = [];
  for (const commit of await repository.log(revision, [path], 200)) {
    const text = await repository.read(commit.revision, path);
    const release = text === undefined ? undefined : parsedOrNot(path, text);
    if (release === undefined) break;
    records.push({ ...commit, pins: release.images });
  }
  return records;
}

function parsedOrNot(path: string, text: string): Release | undefined {
  try {
    return parseYaml(path, text, Release);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function valid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isPin = error.problems.every(
      ({ place, path }) => place.includes('/release.yaml') && path.startsWith('images.'),
    );
    const next = isPin
      ? 'pin every image by digest, as the release workflow does: `image@sha256:<64 hex digits>`, never a tag'
      : 'correct it and commit';
    throw new PromotionError(isPin ? 'pin_invalid' : 'config_invalid', `${error.message}\n${next}`, error);
  }
}
