import type { HorizontalPodAutoscalerSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels } from './names.ts';

/** An autoscaler where the resource asks for a range; nothing where it asks for a number. */
export function horizontalPodAutoscaler(component: Component): Manifest[] {
  const { name, namespace, identity, size } = component;
  if (size.maxReplicas === size.minReplicas) return [];
  const spec: HorizontalPodAutoscalerSpec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas: size.minReplicas,
    maxReplicas: size.maxReplicas,
    metrics: [
      {
        type: 'Resource',
        resource: {
          name: 'cpu',
          target: { type: 'Utilization', averageUtilization: size.targetCpuUtilizationPercent },
        },
      },
    ],
  };
  return [
    manifest(RESOURCES.horizontalPodAutoscalers, { name, namespace, labels: labels(identity) }, { spec }),
  ];
}
