import { z } from 'zod';
import { Port } from './names.ts';
import { listSet } from './schema-rules.ts';
import { NetworkPeer } from './selectors.ts';

const Peers = z.array(NetworkPeer).min(1).max(16);
const Ports = listSet(z.array(Port).min(1).max(16));

const From = z.strictObject({ from: Peers });
const To = z.strictObject({ to: Peers, ports: Ports.optional() });

/** The peers of the NetworkPolicies: what is not named here cannot be reached, and cannot reach us. */
export const Network = z
  .strictObject({
    clients: From.optional().describe(
      'Who may call vault and router directly. Absent: pods of the same namespace.',
    ),
    gateway: From.optional().describe(
      'The pods of the gateway, which may call vault, router and webhooks. Absent: nobody.',
    ),
    database: To.optional().describe(
      'PostgreSQL. Absent: any address; ports absent: 5432 (the port inside the Secret is not read).',
    ),
    kafka: To.optional().describe('Brokers. Absent: any address; ports absent: those of bootstrapServers.'),
    kms: To.optional().describe(
      'KMS and the token service that goes with it (STS). Absent: any address; ports absent: 443, or the port of kms.endpoint.',
    ),
    issuers: To.optional().describe(
      'Where the keys of access.issuers are fetched. Absent: any address; ports absent: those of their jwksUri.',
    ),
    telemetry: z
      .strictObject({
        from: Peers.optional().describe('Who scrapes metrics. Absent: nobody.'),
        to: Peers.optional().describe('Collectors that traces are sent to. Absent: none.'),
        ports: Ports.optional().describe('Ports of the collectors. Absent: 4317 and 4318.'),
      })
      .optional(),
    dns: To.optional().describe(
      'Resolvers. Absent: pods `k8s-app: kube-dns` of namespace kube-system; ports absent: 53, UDP and TCP.',
    ),
  })
  .describe('Peers of the NetworkPolicies. Everything else is denied in both directions.');
export type Network = z.infer<typeof Network>;
