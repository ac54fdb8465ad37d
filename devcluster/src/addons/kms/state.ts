import { z } from 'zod';

export const KeySpec = z.enum(['SYMMETRIC_DEFAULT', 'HMAC_256']);
export type KeySpec = z.infer<typeof KeySpec>;

export const KeyUsage = z.enum(['ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC']);
export type KeyUsage = z.infer<typeof KeyUsage>;

export const KeyState = z.enum(['Enabled', 'Disabled', 'PendingDeletion']);
export type KeyState = z.infer<typeof KeyState>;

/** What a grant can allow; of AWS's list, those of the two kinds of keys that there are here. */
export const GrantOperation = z.enum([
  'CreateGrant',
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
  'VerifyMac',
]);
export type GrantOperation = z.infer<typeof GrantOperation>;

export const EncryptionContext = z.record(z.string(), z.string());
export type EncryptionContext = z.infer<typeof EncryptionContext>;

export const GrantConstraints = z.object({
  EncryptionContextSubset: EncryptionContext.optional(),
  EncryptionContextEquals: EncryptionContext.optional(),
});
export type GrantConstraints = z.infer<typeof GrantConstraints>;

export const GrantRecord = z.object({
  grantId: z.string(),
  name: z.string().optional(),
  granteePrincipal: z.string(),
  retiringPrincipal: z.string().optional(),
  operations: z.array(GrantOperation),
  constraints: GrantConstraints.optional(),
  issuingAccount: z.string(),
  createdAtMs: z.number(),
  /** The newest token of the grant; it has no other use, as a grant works at once here. */
  grantToken: z.string(),
});
export type GrantRecord = z.infer<typeof GrantRecord>;

/** One generation of a key's material. Version 1 is the first; the last one is what encrypts. */
export const KeyMaterial = z.object({
  version: z.int().min(1),
  createdAtMs: z.number(),
  /** 256 bits, base64. */
  secret: z.string(),
});
export type KeyMaterial = z.infer<typeof KeyMaterial>;

export const KeyRecord = z.object({
  keyId: z.string(),
  createdAtMs: z.number(),
  description: z.string(),
  keySpec: KeySpec,
  keyUsage: KeyUsage,
  state: KeyState,
  /** Of a key in `PendingDeletion`. */
  deletionAtMs: z.number().optional(),
  policy: z.string(),
  tags: z.record(z.string(), z.string()),
  /** Absent while the key does not rotate by itself. */
  rotation: z.object({ periodInDays: z.int(), nextAtMs: z.number() }).optional(),
  materials: z.array(KeyMaterial).min(1),
  grants: z.array(GrantRecord),
});
export type KeyRecord = z.infer<typeof KeyRecord>;

export const AliasRecord = z.object({
  targetKeyId: z.string(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
});
export type AliasRecord = z.infer<typeof AliasRecord>;

/** All that is stored, in one file. */
export const KmsState = z.object({
  version: z.literal(1),
  /** Seals session tokens. 256 bits, base64. */
  sessionSealingKey: z.string(),
  keys: z.record(z.string(), KeyRecord),
  /** By name, `alias/` included. */
  aliases: z.record(z.string(), AliasRecord),
});
export type KmsState = z.infer<typeof KmsState>;
