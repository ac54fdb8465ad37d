import type { PodDisruptionBudgetSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, podSelector } from './names.ts';

/** One pod at a time: `maxUnavailable` never blocks a node's drain, as `minAvailable` does with one replica. */
export function podDisruptionBudget(component: Component): Manifest {
  const spec: PodDisruptionBudgetSpec = {
    maxUnavailable: 1,
    selector: { matchLabels: podSelector(component.identity, 'api') },
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  };
  const { name, namespace, identity } = component;
  return manifest(RESOURCES.podDisruptionBudgets, { name, namespace, labels: labels(identity) }, { spec });
}
