import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { Images } from './images.ts';
import { TopicStatus, Topics } from './kafka.ts';
import { CreateKey, KeyLife } from './kms.ts';
import { Events, VaultLimits } from './limits.ts';
import { MerchantKeyStatus } from './merchant-keys.ts';
import { BaseUrl, Time } from './names.ts';
import { NotYetActedOn, ObservedGeneration } from './not-yet-acted-on.ts';
import { OperatorVersion, RolloutStatus } from './rollout-status.ts';
import { Cascade } from './routing.ts';
import { Scaling } from './scaling.ts';
import { listMap, listSet } from './schema-rules.ts';
import { Tokens } from './tokens.ts';

const KmsStatus = z.strictObject({
  keyArn: z.string().max(2048).optional(),
  alias: z.string().max(256).optional().describe('The alias by which a key that we created is found again.'),
  origin: z
    .enum(['Created', 'Supplied'])
    .optional()
    .describe('Created: made by the operator. Supplied: named by spec.kms.keyId, and never changed.'),
  grantId: z.string().max(128).optional().describe("The vault role's grant."),
  deletionDate: Time.optional().describe('When KMS will destroy the key, where that is scheduled.'),
  rotation: z
    .enum(['On', 'Off', 'Unsupported', 'Unknown'])
    .optional()
    .describe(
      'Automatic rotation of the key material. Of a supplied key only looked at: Unsupported where KMS cannot rotate it (imported material, custom key store), Unknown where the operator may not ask.',
    ),
  merchantKeys: z
    .array(MerchantKeyStatus)
    .max(128)
    .optional()
    .describe("Keys of merchants' own, one by one."),
  previousKeyArns: listSet(z.array(z.string().max(2048)).max(16))
    .optional()
    .describe(
      'Keys that were bound before, and whose grant stays: written here before any pod is told of the new key, gone when the vault reports that no data key is wrapped under them.',
    ),
});

const RekeyStatus = z
  .strictObject({
    generation: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .describe('The spec.keys.rekeyGeneration that this is about.'),
    total: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe('Rows to move.'),
    done: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe('Rows moved.'),
    finished: z.boolean().describe('No row uses the old keys.'),
  })
  .describe('Progress of the last rekey, as the vault reports it.');

const EffectiveVault = z
  .strictObject({
    images: Images.optional(),
    keys: KeyLife.optional(),
    keyCreation: CreateKey.optional().describe('Where spec.kms.create is given.'),
    topics: Topics.optional().describe('Where spec.kafka is given.'),
    backupRetentionDays: z.int().min(0).max(3650).optional(),
    events: Events.optional(),
    tokens: Tokens.optional(),
    limits: VaultLimits.optional(),
    cascade: Cascade.optional(),
    scaling: Scaling.optional(),
    deletionPolicy: z.enum(['Retain', 'Delete']).optional(),
  })
  .describe('The values that hold, defaults included.');

/** What the operator found. */
export const PaymentVaultStatus = z
  .strictObject({
    observedGeneration: ObservedGeneration.optional(),
    conditions: Conditions.optional(),
    kms: KmsStatus.optional(),
    topics: listMap(z.array(TopicStatus).max(16), 'name').optional(),
    rekey: RekeyStatus.optional(),
    endpoints: z
      .strictObject({ vault: BaseUrl.optional(), router: BaseUrl.optional() })
      .optional()
      .describe('Base URLs inside the cluster.'),
    connectors: z.int().min(0).max(10_000).optional().describe('Number of PSPConnectors of this vault.'),
    effective: EffectiveVault.optional(),
    rollout: RolloutStatus.optional(),
    operatorVersion: OperatorVersion.optional(),
    notYetActedOn: NotYetActedOn.optional(),
  })
  .describe('What was found.');
export type PaymentVaultStatus = z.infer<typeof PaymentVaultStatus>;
