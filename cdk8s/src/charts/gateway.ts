import { ApiObject, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/environment-config.ts';
import { GATEWAY_ROUTES, type GatewayConfig, isTerminated } from '../config/gateway-config.ts';

const GROUP = 'gateway.networking.k8s.io';
const PORT = 443;

/** A Gateway with a listener for each host name of the vault's routes; the operator makes the routes themselves. */
export function addGateway(scope: Construct, { namespace, gateway, vault }: EnvironmentConfig): void {
  if (gateway === undefined || vault.gateway === undefined) return;
  const { name, className: gatewayClassName, annotations = {} } = gateway;
  const routes = vault.gateway;
  const listeners = GATEWAY_ROUTES.flatMap((role) =>
    (routes[role]?.hostnames ?? []).map((hostname, index) => ({
      name: index === 0 ? role : `${role}-${index + 1}`,
      hostname,
      port: PORT,
      ...(isTerminated(routes, role) ? terminating(gateway) : PASSTHROUGH),
    })),
  );
  const kind = { apiVersion: `${GROUP}/v1`, kind: 'Gateway' };
  new ApiObject(scope, 'gateway', { ...kind, metadata: { name, namespace, annotations } }).addJsonPatch(
    JsonPatch.add('/spec', { gatewayClassName, listeners }),
  );
}

/** Of this namespace, and of this kind alone: nobody else's route gets a share of these host names. */
const routesOf = (kind: string) => ({ namespaces: { from: 'Same' }, kinds: [{ group: GROUP, kind }] });

const PASSTHROUGH = {
  protocol: 'TLS',
  tls: { mode: 'Passthrough' },
  allowedRoutes: routesOf('TLSRoute'),
};

function terminating({ certificateRef }: GatewayConfig) {
  const certificateRefs =
    certificateRef === undefined ? [] : [{ group: '', kind: 'Secret', name: certificateRef.name }];
  return {
    protocol: 'HTTPS',
    tls: { mode: 'Terminate', certificateRefs },
    allowedRoutes: routesOf('HTTPRoute'),
  };
}
