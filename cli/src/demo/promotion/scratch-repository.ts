import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderEnvironment, renderInstall } from '@cofferdam/cdk8s';
import {
  gitRepository,
  type ImageAttestation,
  type Repository,
  type RepositoryHistory,
} from '@cofferdam/promotion';
import { attestations } from './attestations.ts';
import { type Git, gitIn } from './git.ts';
import {
  ENVIRONMENTS,
  type EnvironmentName,
  environmentConfig,
  installConfig,
  promotionConfig,
} from './inputs.ts';
import { type LocalHost, localHost } from './local-pulls.ts';
import { newPinsOf, pinsOf, RELEASES, type ReleaseName, releaseFile } from './releases.ts';

/** A repository with the environments of the story, as a platform team has it, and a person's clone of it. */
export interface ScratchRepository {
  /** The bare one, which the syncer follows. */
  readonly origin: string;
  readonly originRepository: Repository;
  readonly host: LocalHost;
  /** The clone in which a release or a promotion is computed. */
  readonly clone: Repository & RepositoryHistory;
  readonly images: ImageAttestation;
  /** Brings the clone to what main is. */
  update(): Promise<void>;
  /** What the release workflow does: images built from a commit of main, signed and attested. */
  build(release: ReleaseName): Promise<void>;
  /** The clone's work tree. */
  readonly work: string;
}

/**
 * @param directory empty; it is made to hold `payments.git` and `clone`
 * @param sources this repository's root: the migrations of its services are what a rollback looks at
 */
export async function createScratchRepository(
  directory: string,
  { sources, now }: { sources: string; now: () => number },
): Promise<ScratchRepository> {
  const [origin, work] = [join(directory, 'payments.git'), join(directory, 'clone')];
  const git = gitIn(directory);
  await git(['init', '--quiet', '--bare', '--initial-branch=main', origin]);
  await git(['init', '--quiet', '--initial-branch=main', work]);
  const inClone = gitIn(work);
  await inClone(['remote', 'add', 'origin', origin]);
  const attested = attestations(gitIn(origin));
  const commit = (message: string) => commitAndPush(inClone, message);

  const update = async () => {
    await inClone(['fetch', '--quiet', 'origin']);
    await inClone(['reset', '--quiet', '--hard', 'origin/main']);
  };

  for (const service of ['vault', 'router'])
    cpSync(join(sources, `services/${service}/migrations`), join(work, `services/${service}/migrations`), {
      recursive: true,
    });
  const code = await commit('feat: vault and router');
  const [first] = RELEASES;
  for (const image of Object.values(pinsOf(first))) await attested.attest(image, code);
  writeInputs(work, first);
  await commit(`feat(environments): dev, staging and prod, at release ${first}`);
  return {
    ...{ origin, work },
    originRepository: gitRepository(origin),
    host: localHost(origin, now),
    clone: gitRepository(work),
    images: attested,
    update,
    async build(release) {
      await update();
      writeFileSync(join(work, 'CHANGELOG.md'), `# ${release}\n`);
      const source = await commit(`feat: what ${release} brings`);
      for (const image of Object.values(newPinsOf(release))) await attested.attest(image, source);
    },
  };
}

/** @returns the commit */
async function commitAndPush(git: Git, message: string): Promise<string> {
  await git(['add', '--all']);
  await git(['commit', '--quiet', '--message', message]);
  await git(['push', '--quiet', 'origin', 'HEAD:main']);
  return git(['rev-parse', 'HEAD']);
}

function writeInputs(root: string, release: ReleaseName): void {
  const inputs = { directory: 'install', config: installConfig(), release: releaseFile(pinsOf(release)) };
  writeAll(root, 'install', { ...inputs, rendered: renderInstall(inputs) });
  for (const name of ENVIRONMENTS) writeEnvironment(root, name, release);
  writeFileSync(join(root, 'environments/promotion.yaml'), promotionConfig());
}

function writeEnvironment(root: string, name: EnvironmentName, release: ReleaseName): void {
  const directory = `environments/${name}`;
  const inputs = { directory, config: environmentConfig(name), release: releaseFile(pinsOf(release)) };
  writeAll(root, directory, { ...inputs, rendered: renderEnvironment(inputs) });
}

interface Rendered {
  config: string;
  release: string;
  rendered: ReadonlyMap<string, string>;
}

function writeAll(root: string, directory: string, { config, release, rendered }: Rendered): void {
  rmSync(join(root, directory), { recursive: true, force: true });
  const files = [...rendered].map(([name, text]) => [`rendered/${name}`, text] as const);
  for (const [name, text] of [['config.yaml', config], ['release.yaml', release], ...files] as const) {
    const path = join(root, directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
