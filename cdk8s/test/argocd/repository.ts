import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { environmentNames, renderArgoCd } from '../../src/index.ts';
import type { Manifest } from '../../src/manifest-files.ts';
import { environmentManifests } from '../../src/render.ts';

const repository = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');

/** This repository's own environments, as objects. */
export const environments: ReadonlyMap<string, readonly Manifest[]> = new Map(
  environmentNames(repository.pathname).map((name) => {
    const directory = `environments/${name}`;
    const inputs = {
      directory,
      config: read(`${directory}/config.yaml`),
      release: read(`${directory}/release.yaml`),
    };
    return [name, environmentManifests(inputs)] as const;
  }),
);

export const argoCdConfig = read('install/argocd/config.yaml');

/** What is rendered for Argo CD: kind and name -> object. */
export function argoCdObjects(config = argoCdConfig): ReadonlyMap<string, Manifest> {
  const objects = [...renderArgoCd(config, environments).values()].map((text): Manifest => parse(text));
  return new Map(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}
