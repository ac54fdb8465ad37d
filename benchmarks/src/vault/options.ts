import type { ParseArgsOptionsConfig } from 'node:util';
import { wholeNumber } from '../harness/whole-number.ts';
import type { OptionValues } from '../scenario.ts';

export type VaultBenchOptions = {
  /** Of each measurement. */
  seconds: number;
  /** Of the load generator and of pgbench. */
  connections: number;
  /** Numbers of vault processes. */
  replicas: number[];
  /** Of the run at half the rate that memory is watched in; 0: none. */
  soakSeconds: number;
  /** Only the comparison with pgbench, by one process: for profiling. */
  isThroughputOnly: boolean;
  /** For Node.js below the vaults, such as --cpu-prof. */
  nodeFlags: string[];
};

export const OPTIONS = {
  seconds: { type: 'string' },
  connections: { type: 'string' },
  replicas: { type: 'string' },
  'soak-seconds': { type: 'string' },
  'throughput-only': { type: 'boolean' },
  'node-flag': { type: 'string', multiple: true },
} as const satisfies ParseArgsOptionsConfig;

export const HELP: readonly string[] = [
  '--seconds <s>            of each measurement; default 20, with --quick 3',
  '--connections <n>        of the load and of pgbench; default 64',
  '--replicas <n,n,...>     numbers of vault processes; default 1,2',
  '--soak-seconds <s>       of the run in which memory is watched; default 600, with --quick 6; 0: none',
  '--throughput-only        only the comparison with pgbench, by one vault process',
  '--node-flag=<flag>       for the Node.js of the vaults, such as --node-flag=--cpu-prof; may be repeated',
];

/** @throws BenchError `usage` */
export function readOptions(values: OptionValues, quick: boolean): VaultBenchOptions {
  const number = (option: string, text: unknown, to: number) => wholeNumber(option, text, { from: 1, to });
  const isThroughputOnly = values['throughput-only'] === true;
  const replicas = String(values['replicas'] ?? (isThroughputOnly ? '1' : '1,2')).split(',');
  const soak = values['soak-seconds'] ?? (isThroughputOnly ? '0' : quick ? '6' : '600');
  const flags = values['node-flag'];
  return {
    seconds: number('--seconds', values['seconds'] ?? (quick ? '3' : '20'), 3600),
    connections: number('--connections', values['connections'] ?? '64', 150),
    replicas: replicas.map((text) => number('--replicas', text.trim(), 8)),
    soakSeconds: wholeNumber('--soak-seconds', soak, { from: 0, to: 86_400 }),
    isThroughputOnly,
    nodeFlags: Array.isArray(flags) ? flags.map(String) : [],
  };
}
