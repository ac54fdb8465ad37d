import { z } from 'zod';
import { Time } from './names.ts';
import { listMap } from './schema-rules.ts';

/** metav1.Condition. */
export const Condition = z.strictObject({
  type: z
    .string()
    .min(1)
    .max(316)
    .regex(/^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('One of the documented reasons.'),
  message: z.string().max(32_768).describe('What was found, what was wanted, and the next step.'),
  lastTransitionTime: Time.describe('When the status last changed.'),
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Generation of the spec that this was said of.'),
});
export type Condition = z.infer<typeof Condition>;

export const Conditions = listMap(z.array(Condition).max(16), 'type');

/** Condition types of both kinds. */
export const CONDITION = {
  /** All is as asked. */
  Ready: 'Ready',
  /** The operator is on its way (kstatus: present and True only meanwhile). */
  Reconciling: 'Reconciling',
  /** It cannot go on until somebody changes something (kstatus: present and True only then). */
  Stalled: 'Stalled',
  /** It serves requests, as asked or not. */
  Available: 'Available',
  /** Deny-all and the exceptions were applied; no proof that the cluster's network enforces them. */
  NetworkPoliciesApplied: 'NetworkPoliciesApplied',
  /** With spec.tls of the PaymentVault: cert-manager has issued the certificates. */
  CertificatesReady: 'CertificatesReady',
  /** PaymentVault: both databases have the schema that the images want. */
  DatabaseMigrated: 'DatabaseMigrated',
  /** PaymentVault: the KMS key is ours, usable, and granted to the vault. */
  KeyBound: 'KeyBound',
  /** With spec.keys.merchantKeys of the PaymentVault: those keys are usable, and granted to the vault. False concerns these merchants alone. */
  MerchantKeysBound: 'MerchantKeysBound',
  /** PaymentVault: the topics are as asked. False degrades and stops nothing. */
  TopicsReady: 'TopicsReady',
  /** PSPConnector: its vault exists and its router knows the connector. */
  VaultBound: 'VaultBound',
  /** PSPConnector: the credentials of every account are there and well-formed, as the connector's pods report. */
  CredentialsPresent: 'CredentialsPresent',
  /** PSPConnector: the PSP answers, as the connector's pods report. */
  Reachable: 'Reachable',
} as const;
export type ConditionType = (typeof CONDITION)[keyof typeof CONDITION];
