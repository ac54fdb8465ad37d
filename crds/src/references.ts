import { z } from 'zod';
import { ObjectName } from './names.ts';

/** A Secret in the namespace of the resource. The operator never reads it: pods mount it. */
export const SecretRef = z.strictObject({
  name: ObjectName.describe('Name of a Secret in the same namespace.'),
});
export type SecretRef = z.infer<typeof SecretRef>;

export const CaRef = z
  .strictObject({
    kind: z.enum(['ConfigMap', 'Secret']).optional().describe('What holds the certificate. Absent: Secret.'),
    name: ObjectName.describe('Name in the same namespace.'),
    key: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[A-Za-z0-9._-]+$/)
      .optional()
      .describe('Key that holds PEM certificates. Absent: `ca.crt`.'),
  })
  .describe('Certificate authority that the server is verified against. Absent: the connection is not TLS.');
export type CaRef = z.infer<typeof CaRef>;
