import { type Gateway, ObjectName } from '@cofferdam/crds';
import { z } from 'zod';

/** The Gateway that `vault.gateway` attaches to: its listeners are those that the routes there need. */
export const GatewayConfig = z
  .strictObject({
    name: ObjectName.describe('As `vault.gateway.parentRefs` has it.'),
    className: ObjectName.describe('GatewayClass, such as `cilium` or `istio`.'),
    certificateRef: z
      .strictObject({ name: ObjectName })
      .optional()
      .describe('Secret with the certificate of the routes that the gateway terminates.'),
    annotations: z
      .record(z.string().min(1).max(317), z.string().max(4096))
      .optional()
      .describe('Such as `cert-manager.io/cluster-issuer`, which then makes the certificate.'),
  })
  .describe('A Gateway in the namespace of the vault. Absent: it is made elsewhere, or there is none.');
export type GatewayConfig = z.infer<typeof GatewayConfig>;

/** The routes that `vault.gateway` can have. */
export const GATEWAY_ROUTES = ['vault', 'router', 'webhooks'] as const;

/** Whether the gateway ends the TLS of a route: only the vault's is passed through where nothing is said. */
export function isTerminated(routes: Gateway, route: (typeof GATEWAY_ROUTES)[number]): boolean {
  const asked = routes[route];
  return (
    asked !== undefined && (asked.tls ?? (route === 'vault' ? 'Passthrough' : 'Terminate')) === 'Terminate'
  );
}
