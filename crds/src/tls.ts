import { z } from 'zod';
import { HostName, ObjectName } from './names.ts';

export const Tls = z
  .strictObject({
    issuerRef: z.strictObject({
      name: ObjectName,
      kind: z.enum(['Issuer', 'ClusterIssuer']).optional().describe('Absent: Issuer.'),
      group: HostName.optional().describe('Absent: `cert-manager.io`.'),
    }),
    caRef: z
      .strictObject({
        name: ObjectName.describe('Name of a ConfigMap in the same namespace, such as trust-manager makes.'),
        key: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[A-Za-z0-9._-]+$/)
          .optional()
          .describe('Key that holds PEM certificates. Absent: `ca.crt`.'),
      })
      .optional()
      .describe(
        "Authorities by which vault, router, connectors and operator verify each other. Absent: the public ones; wanted with an issuer of one's own.",
      ),
  })
  .describe("Who issues the services' certificates. Absent: the operator's own certificate authority.");
export type Tls = z.infer<typeof Tls>;
