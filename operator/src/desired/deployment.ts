import type { DeploymentSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { digest } from './digest.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, podSelector } from './names.ts';
import { podTemplate, TEMPLATE_ANNOTATION } from './pod-template.ts';

/** Rolls one pod at a time and never below the wanted number. An autoscaler, where there is one, owns `replicas`. */
export function deployment(component: Component): Manifest {
  const { identity, name, namespace, size, annotations } = component;
  const isScaled = size.maxReplicas > size.minReplicas;
  const template = podTemplate(component, { command: 'serve', probes: true, restartPolicy: 'Always' });
  const spec: DeploymentSpec = {
    ...(isScaled ? {} : { replicas: size.minReplicas }),
    selector: { matchLabels: podSelector(identity, 'api') },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    progressDeadlineSeconds: 300,
    revisionHistoryLimit: 3,
    template,
  };
  const metadata = {
    name,
    namespace,
    labels: labels(identity),
    annotations: { ...annotations, [TEMPLATE_ANNOTATION]: digest(template) },
  };
  const handsOver = [{ path: ['spec', 'replicas'], initial: size.minReplicas }];
  return { ...manifest(RESOURCES.deployments, metadata, { spec }), ...(isScaled ? { handsOver } : {}) };
}
