import type { Scaling } from './scaling.ts';

/** Number and size of the pods of a component, defaults included. */
export type ComponentSize = {
  minReplicas: number;
  maxReplicas: number;
  targetCpuUtilizationPercent: number;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
};

type Quantities = { cpu?: string | undefined; memory?: string | undefined } | undefined;

/** What holds for a component of which `spec.scaling` says this much: the schema itself has no defaults. */
export function componentSize(asked: Scaling['vault']): ComponentSize {
  const minReplicas = asked?.minReplicas ?? Math.min(2, asked?.maxReplicas ?? 2);
  return {
    minReplicas,
    maxReplicas: asked?.maxReplicas ?? minReplicas,
    targetCpuUtilizationPercent: asked?.targetCpuUtilizationPercent ?? 70,
    resources: {
      requests: quantities({ cpu: '100m', memory: '192Mi' }, asked?.resources?.requests),
      limits: quantities({ memory: '512Mi' }, asked?.resources?.limits),
    },
  };
}

function quantities(defaults: Record<string, string>, given: Quantities): Record<string, string> {
  const { cpu, memory } = given ?? {};
  return { ...defaults, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}
