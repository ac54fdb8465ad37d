import { componentSize } from '@cofferdam/crds';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import { COLLECTOR_RESOURCES } from './collector.ts';

const NAME = 'cofferdam';
const HEADROOM_PERCENT = 25;
/** While a Deployment rolls, a new pod starts as an old one ends: two more than asked for. */
const ROLLING = 2;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ...{ k: 1e3, M: 1e6, G: 1e9 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 },
};

interface Sum {
  readonly pods: number;
  readonly cpu: number;
  readonly memory: number;
  readonly memoryLimit: number;
}
const NOTHING: Sum = { pods: 0, cpu: 0, memory: 0, memoryLimit: 0 };

/** A quota in which the environment fits at its largest, and sizes for pods that say none: a quota refuses those. */
export function addQuota(scope: Construct, config: EnvironmentConfig): void {
  if (config.quota === undefined) return;
  const metadata = { name: NAME, namespace: config.namespace };
  const hard = Object.entries(hardLimits(config)).map(
    ([name, value]) => [name, k8s.Quantity.fromString(value)] as const,
  );
  new k8s.KubeResourceQuota(scope, 'quota', { metadata, spec: { hard: Object.fromEntries(hard) } });
  const { cpu, memory } = componentSize(undefined).resources.requests;
  const { memory: limit } = componentSize(undefined).resources.limits;
  new k8s.KubeLimitRange(scope, 'limit-range', {
    metadata,
    spec: {
      // No CPU limit: it throttles, and CPU that nobody else wants costs nothing.
      limits: [
        {
          type: 'Container',
          default: quantities({ memory: limit }),
          defaultRequest: quantities({ cpu, memory }),
        },
      ],
    },
  });
}

/**
 * Whole cores and GiB: what the API server would write in another way is a difference for ever to a GitOps tool.
 * CPU limits are not among them, since the pods have none.
 */
export function hardLimits(config: EnvironmentConfig): Record<string, string> {
  const { quota, vault, connectors, observability } = config;
  const { others } = quota ?? {};
  const factor = 1 + (quota?.headroomPercent ?? HEADROOM_PERCENT) / 100;
  const { scaling } = vault;
  const needed = [
    // One migration Job each runs beside the pods that it is for.
    atMost(scaling?.vault, 1),
    atMost(scaling?.router, 1),
    ...connectors.map(() => atMost(scaling?.connectors, 0)),
    ...(observability?.collector === undefined ? [] : [sumOf(1 + ROLLING, COLLECTOR_RESOURCES)]),
  ].reduce(add, NOTHING);
  // Rounded first: 24 pods of 100m and a quarter more are 3 cores, and 3.0000000000000004 as floating point has it.
  const up = (amount: number, unit: number, more = 0) =>
    String(Math.ceil(Number(((amount * factor) / unit).toFixed(6))) + more);
  const gi = (amount: number) => `${up(amount, UNITS['Gi'] ?? 1, others?.memoryGi)}Gi`;
  return {
    pods: up(needed.pods, 1, others?.pods),
    'requests.cpu': up(needed.cpu, 1, others?.cpuCores),
    'requests.memory': gi(needed.memory),
    'limits.memory': gi(needed.memoryLimit),
  };
}

function atMost(asked: Parameters<typeof componentSize>[0], jobs: number): Sum {
  const { maxReplicas, resources } = componentSize(asked);
  return sumOf(maxReplicas + ROLLING + jobs, resources);
}

type Quantities = Readonly<Record<string, string>>;

function sumOf(pods: number, { requests, limits }: { requests: Quantities; limits: Quantities }): Sum {
  const of = (quantity = '0') => pods * amount(quantity);
  return {
    pods,
    cpu: of(requests['cpu']),
    memory: of(requests['memory']),
    memoryLimit: of(limits['memory']),
  };
}

function add(a: Sum, b: Sum): Sum {
  return {
    pods: a.pods + b.pods,
    cpu: a.cpu + b.cpu,
    memory: a.memory + b.memory,
    memoryLimit: a.memoryLimit + b.memoryLimit,
  };
}

/** @param quantity as the schema of `scaling` has it: `500m`, `2`, `256Mi` */
function amount(quantity: string): number {
  if (quantity.endsWith('m')) return Number(quantity.slice(0, -1)) / 1000;
  const unit = /[A-Za-z]*$/.exec(quantity)?.[0] ?? '';
  return Number(quantity.slice(0, quantity.length - unit.length)) * (UNITS[unit] ?? Number.NaN);
}

function quantities(values: Record<string, string | undefined>): Record<string, k8s.Quantity> {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, k8s.Quantity.fromString(value)]));
}
