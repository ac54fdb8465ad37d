export { healthKey, healthScript } from './argocd/health.ts';
export { ArgoCdConfig } from './config/argocd-config.ts';
export { ConfigError, type ConfigProblem } from './config/config-error.ts';
export { EnvironmentConfig } from './config/environment-config.ts';
export { parseYaml } from './config/parse-yaml.ts';
export { Release } from './config/release.ts';
export type { Files } from './manifest-files.ts';
export { type Inputs, renderArgoCd, renderEnvironment, renderInstall } from './render.ts';
export { environmentNames, readEnvironment, type SynthOptions, synth } from './synth.ts';
