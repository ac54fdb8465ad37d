import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type ImageTable, repositoryImages, SOURCE_DIGEST } from '@cofferdam/devcluster';
import { stringify } from 'yaml';

/** Image pins by component, as in `release.yaml`. */
export type Pins = Record<string, string>;

/** Releases of the story, oldest first, and the images that each brings: the others stay what they are. */
const BRINGS = {
  '1.0.0': ['operator', 'psp-simulator', 'vault', 'router', 'connector'],
  '1.1.0': ['vault', 'connector'],
  '1.2.0': ['vault'],
} as const;
export type ReleaseName = keyof typeof BRINGS;
export const RELEASES = ['1.0.0', '1.1.0', '1.2.0'] as const satisfies readonly ReleaseName[];
/** Its vault does not start. */
export const BROKEN: ReleaseName = '1.2.0';

const cannotStart = fileURLToPath(new URL('./cannot-start.ts', import.meta.url));

/** Every image of the state that a release leaves. */
export function pinsOf(release: ReleaseName): Pins {
  const earlier = RELEASES.slice(0, RELEASES.indexOf(release) + 1);
  return Object.assign({}, ...earlier.map(newPinsOf));
}

/** The images that were built for a release. */
export function newPinsOf(release: ReleaseName): Pins {
  return Object.fromEntries(
    BRINGS[release].map((name) => [name, `ghcr.io/cofferdam/${name}@${digest(name, release)}`]),
  );
}

/** There is no registry: a digest names component and release, and the embedded cluster runs it from source. */
function digest(component: string, release: string): string {
  return `sha256:${createHash('sha256').update(`cofferdam demo ${component} ${release}`).digest('hex')}`;
}

/** Which release a vault's image is of; every release has one. */
export function releaseOf(vault: string | undefined): ReleaseName | undefined {
  return RELEASES.find((release) => newPinsOf(release)['vault'] === vault);
}

/** What the process kubelet runs for each image: this repository's source, and a start that fails for the broken one. */
export function releaseImages(repository: string, node: string): ImageTable {
  const source = repositoryImages(repository, node);
  const table: ImageTable = {};
  for (const release of RELEASES) {
    for (const [component, image] of Object.entries(newPinsOf(release))) {
      const entrypoint = source[`ghcr.io/cofferdam/${component}@${SOURCE_DIGEST}`];
      if (entrypoint === undefined) continue;
      const broken = release === BROKEN && component === 'vault';
      const args = broken ? ['--import', cannotStart, ...entrypoint.args] : entrypoint.args;
      table[image] = { ...entrypoint, args };
    }
  }
  return table;
}

/** Text of `release.yaml`. */
export function releaseFile(pins: Pins): string {
  return `# Image pins of this environment: all that a promotion changes.\n${stringify({ images: pins }, { lineWidth: 0 })}`;
}
