/** What stands in for an image: a program of this machine and its first arguments. */
export type Entrypoint = { program: string; args: string[] };

/** Image reference, exactly as a pod names it, to what runs instead. Nothing that is not listed is run. */
export type ImageTable = Record<string, Entrypoint>;

/** The digest that stands in manifests before a first release: it names no image, so only source can be meant. */
export const SOURCE_DIGEST = `sha256:${'0'.repeat(64)}`;

const SOURCES: Record<string, string> = {
  operator: 'operator/src/main.ts',
  vault: 'services/vault/src/main.ts',
  router: 'services/router/src/main.ts',
  connector: 'services/connector/src/main.ts',
  'psp-simulator': 'services/psp-simulator/src/main.ts',
};

/** This repository's own images, run from source by the Node.js that runs us. `repository` is its root directory. */
export function repositoryImages(repository: string, node: string): ImageTable {
  return Object.fromEntries(
    Object.entries(SOURCES).map(([name, file]) => [
      `ghcr.io/cofferdam/${name}@${SOURCE_DIGEST}`,
      { program: node, args: [`${repository}/${file}`] },
    ]),
  );
}
