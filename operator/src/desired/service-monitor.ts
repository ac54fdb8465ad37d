import type { PaymentVault } from '@cofferdam/crds';
import { apiName } from '../engine/discovery.ts';
import { OPTIONAL_RESOURCES } from '../engine/well-known.ts';
import type { Component } from './component.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels } from './names.ts';
import { trustOf } from './trust.ts';

const { serviceMonitors } = OPTIONAL_RESOURCES;

/** How Prometheus finds `/metrics` of a component, where spec asks for it and the cluster has that kind. */
export function serviceMonitor(component: Component, vault: PaymentVault, facts: Facts): Manifest[] {
  const asked = vault.spec.observability?.serviceMonitor;
  if (asked === undefined || !facts.apis.has(apiName(serviceMonitors))) return [];
  const { name, namespace, identity } = component;
  const trust = trustOf(vault);
  const own = labels(identity);
  const spec = {
    endpoints: [
      {
        port: 'https',
        path: '/metrics',
        scheme: 'https',
        interval: `${asked.intervalSeconds ?? 30}s`,
        // Prometheus scrapes addresses; the certificate has the Service's name.
        tlsConfig: {
          serverName: `${name}.${namespace}.svc`,
          ...(trust === undefined ? {} : { ca: { configMap: trust } }),
        },
      },
    ],
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': identity.role,
        'app.kubernetes.io/instance': identity.instance,
        'app.kubernetes.io/managed-by': own['app.kubernetes.io/managed-by'],
      },
    },
  };
  // Ours last: by them the operator finds what it has made.
  return [manifest(serviceMonitors, { name, namespace, labels: { ...asked.labels, ...own } }, { spec })];
}
