import { SERVICE_PORT } from '@cofferdam/contracts';
import type { Gateway, PaymentVault, PSPConnector } from '@cofferdam/crds';
import { apiName } from '../engine/discovery.ts';
import type { Resource } from '../engine/resource.ts';
import { OPTIONAL_RESOURCES } from '../engine/well-known.ts';
import type { Facts } from './facts.ts';
import { type Manifest, manifest } from './manifest.ts';
import { labels, names, type PodIdentity } from './names.ts';
import { trustOf } from './trust.ts';

const { httpRoutes, tlsRoutes, backendTlsPolicies } = OPTIONAL_RESOURCES;
type Route = NonNullable<Gateway['vault']>;
type Place = { name: string; namespace: string; identity: PodIdentity };

/** Where a connector takes what its PSP sends. */
const WEBHOOKS_PATH = '/v1/webhooks';

/** Routes of a vault and its router from a gateway; those for which the cluster lacks a kind are left out. */
export function vaultRoutes(vault: PaymentVault, facts: Facts): Manifest[] {
  const { gateway } = vault.spec;
  const { name, namespace = '' } = vault.metadata;
  if (gateway === undefined) return [];
  return (['vault', 'router'] as const).flatMap((role) => {
    const route = gateway[role];
    if (route === undefined) return [];
    const place: Place = {
      name: names[role](name),
      namespace,
      identity: { role, instance: name, vault: name },
    };
    const terminates = terminatesAt(role, route);
    return known(
      facts,
      terminates
        ? terminating(place, vault, httpRoute(place, gateway, route, [{ backendRefs: [backend(place)] }]))
        : [tlsRoute(place, gateway, route)],
    );
  });
}

/** What a PSP sends to its connector: the path's first part is the connector's name. */
export function webhookRoute(connector: PSPConnector, vault: PaymentVault, facts: Facts): Manifest[] {
  const { gateway } = vault.spec;
  const route = gateway?.webhooks;
  if (gateway === undefined || route === undefined || !terminatesAt('webhooks', route)) return [];
  const { name, namespace = '' } = connector.metadata;
  const identity: PodIdentity = { role: 'connector', instance: name, vault: vault.metadata.name };
  const place: Place = { name: names.connector(name), namespace, identity };
  const rule = {
    matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
    filters: [
      {
        type: 'URLRewrite',
        urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: WEBHOOKS_PATH } },
      },
    ],
    backendRefs: [backend(place)],
  };
  return known(facts, terminating(place, vault, httpRoute(place, gateway, route, [rule])));
}

/** A member of spec that asks for something of which the cluster's API has no kind. */
export type MissingKind = { member: string; resource: Resource };

/** What `spec` asks for and this cluster cannot hold; empty as a rule. */
export function missingKinds(vault: PaymentVault, facts: Facts): MissingKind[] {
  const { gateway, observability } = vault.spec;
  const routes = (['vault', 'router', 'webhooks'] as const).flatMap((role): MissingKind[] => {
    const route = gateway?.[role];
    if (route === undefined) return [];
    const member = `spec.gateway.${role}`;
    if (!terminatesAt(role, route)) return [{ member, resource: tlsRoutes }];
    return [
      { member, resource: httpRoutes },
      { member, resource: backendTlsPolicies },
    ];
  });
  const monitor: MissingKind[] =
    observability?.serviceMonitor === undefined
      ? []
      : [{ member: 'spec.observability.serviceMonitor', resource: OPTIONAL_RESOURCES.serviceMonitors }];
  return [...routes, ...monitor].filter(({ resource }) => !facts.apis.has(apiName(resource)));
}

/** Only the vault's route is passed through by default: a gateway that ends its TLS sees card numbers. */
function terminatesAt(role: 'vault' | 'router' | 'webhooks', route: Route): boolean {
  return (route.tls ?? (role === 'vault' ? 'Passthrough' : 'Terminate')) === 'Terminate';
}

function httpRoute(place: Place, gateway: Gateway, route: Route, rules: object[]): Manifest {
  const { hostnames } = route;
  return manifest(httpRoutes, metadataOf(place), {
    spec: { parentRefs: parents(gateway), hostnames, rules },
  });
}

function tlsRoute(place: Place, gateway: Gateway, route: Route): Manifest {
  const { hostnames } = route;
  const rules = [{ backendRefs: [backend(place)] }];
  return manifest(tlsRoutes, metadataOf(place), { spec: { parentRefs: parents(gateway), hostnames, rules } });
}

/**
 * Our services speak nothing but TLS: a gateway that ends the client's begins its own, and verifies us. It is told so
 * before it has the route, by which it would send card numbers in plaintext otherwise.
 */
function terminating(place: Place, vault: PaymentVault, route: Manifest): Manifest[] {
  const trust = trustOf(vault);
  const hostname = `${place.name}.${place.namespace}.svc`;
  const validation =
    trust === undefined
      ? { hostname, wellKnownCACertificates: 'System' }
      : { hostname, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: trust.name }] };
  const spec = { targetRefs: [{ group: '', kind: 'Service', name: place.name }], validation };
  return [manifest(backendTlsPolicies, metadataOf(place), { spec }), route];
}

/** All of them where the cluster has their kinds, otherwise none. */
function known(facts: Facts, manifests: Manifest[]): Manifest[] {
  return manifests.every(({ resource }) => facts.apis.has(apiName(resource))) ? manifests : [];
}

function parents(gateway: Gateway) {
  return gateway.parentRefs.map(({ name, namespace, sectionName }) => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(sectionName === undefined ? {} : { sectionName }),
  }));
}

function backend({ name }: Place) {
  return { name, port: SERVICE_PORT };
}

function metadataOf({ name, namespace, identity }: Place) {
  return { name, namespace, labels: labels(identity) };
}
