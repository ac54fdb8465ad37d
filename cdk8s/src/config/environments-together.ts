import type { Inputs } from '../render.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { EnvironmentConfig } from './environment-config.ts';
import { parseYaml, problemAt } from './parse-yaml.ts';

/** Members that name something outside the cluster of which two environments must not share one, and why. */
const UNSHARED: readonly { path: readonly string[]; why: string }[] = [
  { path: ['vault', 'vaultId'], why: 'keys, topics and data are named by it' },
  { path: ['vault', 'kms', 'keyId'], why: 'environments share no key (PCI DSS 3.6.1)' },
];

/**
 * What no environment shows by itself: that two of them would use the same key or the same data.
 * @throws {ConfigError}
 */
export function checkTogether(environments: readonly Inputs[]): void {
  const read = environments.map((inputs) => {
    const file = `${inputs.directory}/config.yaml`;
    return { file, text: inputs.config, config: parseYaml(file, inputs.config, EnvironmentConfig) };
  });
  const problems = UNSHARED.flatMap(({ path, why }) => {
    const first = new Map<unknown, string>();
    return read.flatMap(({ file, text, config }): ConfigProblem[] => {
      const value = path.reduce<unknown>(memberOf, config);
      const other = first.get(value);
      if (value !== undefined && other === undefined) first.set(value, file);
      return value === undefined || other === undefined
        ? []
        : [problemAt(file, text, path, `${String(value)} is also that of ${other}: ${why}`)];
    });
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined;
}
