import { basename } from 'node:path';
import { App, type Chart } from 'cdk8s';
import { Observability } from './charts/observability.ts';
import { Operator } from './charts/operator.ts';
import { PaymentsEnvironment } from './charts/payments-environment.ts';
import { PspSimulator } from './charts/psp-simulator.ts';
import { EnvironmentConfig } from './config/environment-config.ts';
import { InstallConfig } from './config/operator-config.ts';
import { parseYaml } from './config/parse-yaml.ts';
import { Release } from './config/release.ts';
import { chartFiles, definitionManifestFiles, type Files } from './manifest-files.ts';

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
  const operator = config.operator && new Operator(app, 'operator', { config: config.operator, release });
  if (operator !== undefined) charts.push(operator);
  return inOrder(
    operator === undefined ? new Map() : definitionManifestFiles(),
    chartFiles(charts, inputs.directory),
  );
}

/**
 * `install`: the operator and its CustomResourceDefinitions, for any cluster.
 * @throws {ConfigError}
 */
export function renderInstall(inputs: Inputs): Files {
  const { operator } = parseYaml(`${inputs.directory}/config.yaml`, inputs.config, InstallConfig);
  const chart = new Operator(new App(), 'operator', { config: operator, release: parseRelease(inputs) });
  return inOrder(definitionManifestFiles(), chartFiles([chart], inputs.directory));
}

function parseRelease(inputs: Inputs): Release {
  return parseYaml(`${inputs.directory}/release.yaml`, inputs.release, Release);
}

function inOrder(...groups: readonly Files[]): Files {
  const entries = groups.flatMap((files) => [...files]);
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
