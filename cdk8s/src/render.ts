import { basename } from 'node:path';
import { customResourceDefinitions } from '@cofferdam/crds';
import { App, type Chart } from 'cdk8s';
import { forArgoCd } from './argocd/annotations.ts';
import { ArgoCd } from './charts/argocd.ts';
import { Observability } from './charts/observability.ts';
import { Operator } from './charts/operator.ts';
import { PaymentsEnvironment } from './charts/payments-environment.ts';
import { PspSimulator } from './charts/psp-simulator.ts';
import { argoCdConfigFor } from './config/argocd-config.ts';
import { EnvironmentConfig } from './config/environment-config.ts';
import { InstallConfig } from './config/operator-config.ts';
import { parseYaml } from './config/parse-yaml.ts';
import { Release } from './config/release.ts';
import {
  chartManifests,
  definitionManifestFiles,
  type Files,
  inOrder,
  type Manifest,
  manifestFiles,
} from './manifest-files.ts';

/** Once: they are the same for all environments, and the largest of what is rendered. */
const DEFINITIONS: readonly Manifest[] = customResourceDefinitions().map(forArgoCd);

/** The two files that a directory is rendered from. */
export interface Inputs {
  /** In the repository, such as `environments/dev`: for messages and for the first line of each file. */
  readonly directory: string;
  readonly config: string;
  readonly release: string;
}

/**
 * `environments/<env>`: the vault, its connectors and clients, and what else the configuration names.
 * @throws {ConfigError}
 */
export function renderEnvironment(inputs: Inputs): Files {
  return manifestFiles(environmentManifests(inputs), inputs.directory);
}

/**
 * The objects of an environment, with what Argo CD has to know of each.
 * @throws {ConfigError}
 */
export function environmentManifests(inputs: Inputs): Manifest[] {
  const config = parseYaml(`${inputs.directory}/config.yaml`, inputs.config, EnvironmentConfig);
  const release = parseRelease(inputs);
  const app = new App();
  const charts: Chart[] = [new PaymentsEnvironment(app, 'payments', { config, release })];
  if (config.pspSimulator !== undefined) {
    const image = release.images['psp-simulator'];
    charts.push(new PspSimulator(app, 'psp-simulator', { ...config.pspSimulator, image }));
  }
  if (config.observability !== undefined) {
    const environment = basename(inputs.directory);
    charts.push(new Observability(app, 'observability', { config, environment }));
  }
  if (config.operator !== undefined) {
    charts.push(new Operator(app, 'operator', { config: config.operator, release }));
  }
  const definitions = config.operator === undefined ? [] : DEFINITIONS;
  return [...definitions, ...chartManifests(charts).map(forArgoCd)];
}

/**
 * `install`: the operator and its CustomResourceDefinitions, for any cluster.
 * @throws {ConfigError}
 */
export function renderInstall(inputs: Inputs): Files {
  const { operator } = parseYaml(`${inputs.directory}/config.yaml`, inputs.config, InstallConfig);
  const chart = new Operator(new App(), 'operator', { config: operator, release: parseRelease(inputs) });
  return inOrder(definitionManifestFiles(), manifestFiles(chartManifests([chart]), inputs.directory));
}

/**
 * `install/argocd`: what Argo CD has to be told of the environments and of our kinds.
 * @param config text of `install/argocd/config.yaml`
 * @param environments name -> objects
 * @throws {ConfigError}
 */
export function renderArgoCd(config: string, environments: ReadonlyMap<string, readonly Manifest[]>): Files {
  const directory = 'install/argocd';
  const file = `${directory}/config.yaml`;
  const parsed = parseYaml(file, config, argoCdConfigFor([...environments.keys()]));
  const chart = new ArgoCd(new App(), 'argocd', { config: parsed, environments });
  return manifestFiles(chartManifests([chart]), directory);
}

function parseRelease(inputs: Inputs): Release {
  return parseYaml(`${inputs.directory}/release.yaml`, inputs.release, Release);
}
