import { SERVICE_PORT } from '@cofferdam/contracts';
import type { ServiceSpec } from '../engine/kubernetes-types.ts';
import { RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, podSelector } from './names.ts';

export function service(component: Component): Manifest {
  const spec: ServiceSpec = {
    type: 'ClusterIP',
    selector: podSelector(component.identity, 'api'),
    ports: [{ name: 'https', port: SERVICE_PORT, targetPort: SERVICE_PORT, protocol: 'TCP' }],
  };
  const { name, namespace, identity } = component;
  return manifest(RESOURCES.services, { name, namespace, labels: labels(identity) }, { spec });
}
