import { existsSync } from 'node:fs';
import type { ParseArgsOptionsConfig } from 'node:util';
import { BenchError } from '../errors.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import type { OptionValues } from '../scenario.ts';

export type OperatorBenchOptions = {
  /** Somebody's cluster. Absent: an API server in memory, a new one for each size. */
  kubeconfig: string | undefined;
  /** Numbers of vaults, growing. */
  sizes: number[];
  /** New vaults applied one after the other among the largest number. */
  samples: number;
  resyncSeconds: number;
  /** The operator's KMS_QUOTA_PERCENT. */
  kmsQuotaPercent: number;
  /** The operator's KUBE_API_QPS. */
  kubeApiQps: number;
  /** For Node.js below the operator, such as --cpu-prof. */
  nodeFlags: string[];
};

export const OPTIONS = {
  kubeconfig: { type: 'string' },
  sizes: { type: 'string' },
  samples: { type: 'string' },
  'resync-seconds': { type: 'string' },
  'kms-quota-percent': { type: 'string' },
  'kube-api-qps': { type: 'string' },
  'node-flag': { type: 'string', multiple: true },
} as const satisfies ParseArgsOptionsConfig;

export const HELP: readonly string[] = [
  '--kubeconfig <file>      a cluster of yours that has the CRDs (kubectl apply -f crds/yaml) and no PaymentVault;',
  '                         namespaces are made and removed; no pod is started (quota of 0 pods)',
  '--sizes <n,n,...>        numbers of vaults; default 100,500,2000, with --quick 20,50,100',
  '--samples <n>            new vaults that are timed; default 30, with --quick 10',
  "--resync-seconds <s>     the operator's resync period; default 30, with --quick 3",
  '--kms-quota-percent <n>  of the request quotas of AWS KMS; default 1000: otherwise the 5 keys a second are measured',
  '                         that AWS lets an account create, and of which the operator takes half unless told otherwise',
  '--kube-api-qps <n>       requests a second that the operator allows itself; default 2000, where the operator has 200',
  '--node-flag=<flag>       for the Node.js of the operator, such as --node-flag=--cpu-prof; may be repeated',
];

/** @throws BenchError `usage` */
export function readOptions(values: OptionValues, quick: boolean): OperatorBenchOptions {
  const { kubeconfig } = values;
  if (typeof kubeconfig === 'string' && !existsSync(kubeconfig)) {
    throw new BenchError('usage', `--kubeconfig ${kubeconfig}: there is no such file`);
  }
  const sizes = sizesOf(values['sizes'] ?? (quick ? '20,50,100' : '100,500,2000'));
  const flags = values['node-flag'];
  return {
    kubeconfig: typeof kubeconfig === 'string' ? kubeconfig : undefined,
    sizes,
    samples: wholeNumber('--samples', values['samples'] ?? (quick ? '10' : '30'), { from: 1, to: 1000 }),
    resyncSeconds: wholeNumber('--resync-seconds', values['resync-seconds'] ?? (quick ? '3' : '30'), {
      from: 1,
      to: 3600,
    }),
    kmsQuotaPercent: wholeNumber('--kms-quota-percent', values['kms-quota-percent'] ?? '1000', {
      from: 1,
      to: 1000,
    }),
    kubeApiQps: wholeNumber('--kube-api-qps', values['kube-api-qps'] ?? '2000', { from: 1, to: 10_000 }),
    nodeFlags: Array.isArray(flags) ? flags.map(String) : [],
  };
}

function sizesOf(text: unknown): number[] {
  const sizes = String(text)
    .split(',')
    .map((part) => wholeNumber('--sizes', part.trim(), { from: 1, to: 9999 }));
  const growing = sizes.every((size, index) => index === 0 || size > (sizes[index - 1] ?? 0));
  if (growing) return sizes;
  throw new BenchError('usage', `--sizes ${text}: every size must be larger than the one before`);
}
