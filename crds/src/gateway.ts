import { z } from 'zod';
import { HostName, Label, ObjectName } from './names.ts';
import { listSet } from './schema-rules.ts';

const ParentRef = z.strictObject({
  name: ObjectName.describe('Name of a Gateway.'),
  namespace: Label.optional().describe('Absent: the same namespace.'),
  sectionName: ObjectName.optional().describe('Listener of the Gateway. Absent: all that fit.'),
});

const Route = z.strictObject({
  hostnames: listSet(z.array(HostName).min(1).max(16)).describe('Host names that lead to it.'),
  tls: z
    .enum(['Passthrough', 'Terminate'])
    .optional()
    .describe(
      'Passthrough: a TLSRoute, the gateway sees no card number. Terminate: an HTTPRoute, and the gateway is in scope of PCI DSS. Absent: Passthrough for the vault, Terminate for the others.',
    ),
});

export const Gateway = z
  .strictObject({
    parentRefs: z.array(ParentRef).min(1).max(8),
    vault: Route.optional(),
    router: Route.optional(),
    webhooks: Route.optional().describe('What PSPs send to the connectors: path `/<connector>`.'),
  })
  .describe('Routes of the Gateway API from outside the cluster. Absent: none.');
export type Gateway = z.infer<typeof Gateway>;
