import { z } from 'zod';
import { HostName, ObjectName } from './names.ts';

export const Tls = z
  .strictObject({
    issuerRef: z.strictObject({
      name: ObjectName,
      kind: z.enum(['Issuer', 'ClusterIssuer']).optional().describe('Absent: Issuer.'),
      group: HostName.optional().describe('Absent: `cert-manager.io`.'),
    }),
  })
  .describe("Who issues the services' certificates. Absent: the operator's own certificate authority.");
export type Tls = z.infer<typeof Tls>;
