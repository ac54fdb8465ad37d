import { ObjectName } from '@cofferdam/crds';
import { z } from 'zod';

const RemoteKey = z.string().min(1).max(512);

/** Where the Secrets come from that vault and connectors name: objects of the External Secrets Operator. */
export const ExternalSecretsConfig = z
  .strictObject({
    store: z.strictObject({
      name: ObjectName,
      kind: z
        .enum(['ClusterSecretStore', 'SecretStore'])
        .optional()
        .describe('Absent: ClusterSecretStore. A SecretStore has to be in each namespace that has Secrets.'),
    }),
    keyPrefix: z
      .string()
      .max(256)
      .optional()
      .describe("Put before a Secret's name to make its key in the store, such as `payments/prod/`."),
    keys: z
      .record(ObjectName, RemoteKey)
      .optional()
      .describe('Secret -> its key in the store, where that is not prefix and name.'),
    refreshMinutes: z
      .int()
      .min(1)
      .max(10_080)
      .optional()
      .describe('Minutes between looks at the store. Absent: 60.'),
  })
  .describe(
    'An ExternalSecret for every Secret that the environment names. Absent: the Secrets are yours to make.',
  );
export type ExternalSecretsConfig = z.infer<typeof ExternalSecretsConfig>;
