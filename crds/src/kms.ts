import { z } from 'zod';
import { MerchantKey } from './merchant-keys.ts';
import { BaseUrl } from './names.ts';
import { immutable, listMap, withRules } from './schema-rules.ts';

export const CreateKey = z
  .strictObject({
    rotationDays: z
      .int()
      .min(90)
      .max(2560)
      .optional()
      .describe('Days between automatic rotations of the key material, 90 to 2560. Absent: 365.'),
    deletionWindowDays: z
      .int()
      .min(7)
      .max(30)
      .optional()
      .describe(
        'Days that KMS waits before it destroys a key whose deletion was scheduled, 7 to 30. Absent: 30.',
      ),
  })
  .describe('The operator creates the key, tags it with the vaultId and finds it again by its alias.');

export const Kms = withRules(
  z
    .strictObject({
      provider: z.enum(['aws']).describe('Key management service.'),
      region: immutable(
        z
          .string()
          .max(32)
          .regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/),
        'data keys are wrapped by a key of this region',
      ).describe('AWS region of the key, such as `eu-central-1`. Immutable.'),
      endpoint: BaseUrl.optional().describe(
        'Base URL of KMS instead of the public one of the region: a VPC endpoint, a test double.',
      ),
      keyId: z
        .string()
        .min(1)
        .max(2048)
        .regex(/^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:)?((key\/)?[A-Za-z0-9-]+|alias\/[A-Za-z0-9/_-]+)$/)
        .optional()
        .describe(
          'Your own symmetric key, as ARN, id or alias. Used only when its tag `payments.cofferdam.dev/vault-id` is this vaultId, and never changed. Exactly one of keyId and create is given.',
        ),
      create: CreateKey.optional(),
      granteePrincipal: z
        .string()
        .max(2048)
        .regex(/^arn:[a-z-]+:iam::[0-9]{12}:(role|user)\/[A-Za-z0-9+=,.@_/-]+$/)
        .optional()
        .describe(
          "IAM role of the vault's pods: the operator makes it a grant, limited by operation and encryption context, and annotates the vault's ServiceAccount with it (IRSA). It must stand on the operator's allow-list for this namespace. Absent: access comes from the key's own policy.",
        ),
    })
    .describe('The key that wraps the data keys.'),
  {
    rule: 'has(self.keyId) != has(self.create)',
    message: 'exactly one of keyId and create is wanted',
  },
);
export type Kms = z.infer<typeof Kms>;

const life = {
  rekeyGeneration: withRules(z.int().min(0).max(2_147_483_647), {
    rule: 'self >= oldSelf',
    message: 'can only be raised: a rekey is not undone',
  })
    .optional()
    .describe(
      'Raise it by one to start a rekey: new data keys, and every record moved to them online; the fingerprint of every card as well; status.rekey has the progress. Absent: 0.',
    ),
  dataKeyMaxAgeHours: z
    .int()
    .min(1)
    .max(8760)
    .optional()
    .describe('Hours after which a data key encrypts nothing new, 1 to 8760. Absent: 168.'),
  kmsOutageMinutes: z
    .int()
    .min(5)
    .max(1440)
    .optional()
    .describe(
      'Minutes for which a data key in memory goes on after KMS confirmed it last, while KMS cannot be reached, 5 to 1440. Absent: 60.',
    ),
};

/** Life of the data keys, without whose they are. */
export const KeyLife = z.strictObject(life);

export const Keys = z
  .strictObject({
    ...life,
    merchantKeys: listMap(z.array(MerchantKey).max(64), 'merchant')
      .optional()
      .describe(
        "Merchants with a KMS key of their own: their data keys are wrapped under it, and no longer under the vault's. The pods are not restarted for it. Absent: none.",
      ),
  })
  .describe('The data keys below the KMS key.');
export type Keys = z.infer<typeof Keys>;
