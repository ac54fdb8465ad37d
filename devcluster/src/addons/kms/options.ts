import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';

/**
 * What a principal may do without a grant.
 * - `full`: everything, as the owner of an AWS account. For the demo's own tools and for tests.
 * - `key-admin`: make, describe, grant, tag, rotate, disable and schedule deletion; never to use a key, not
 *   even by grant, and never to grant itself.
 * - `by-grant-only`: nothing.
 */
export const PrincipalPermissions = z.enum(['full', 'key-admin', 'by-grant-only']);
export type PrincipalPermissions = z.infer<typeof PrincipalPermissions>;

const RoleArn = z.string().regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role');

export const Principal = z.strictObject({
  roleArn: RoleArn,
  /** `sub` of the service-account tokens that may assume the role: exact, or a prefix ending in `*`. */
  trustSubjects: z.array(z.string()).default([]),
  permissions: PrincipalPermissions,
});
export type Principal = z.output<typeof Principal>;

/** A long-lived access key of a principal, for programs outside the cluster. */
export const StaticKey = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  roleArn: RoleArn,
});
export type StaticKey = z.infer<typeof StaticKey>;

/** Where the keys come from that sign service-account tokens. */
export const JwksSource = z.union([
  z.strictObject({ url: z.url(), caFile: z.string().optional() }),
  z.strictObject({ file: z.string() }),
]);
export type JwksSource = z.infer<typeof JwksSource>;

/** The configuration file of main.ts. */
export const KmsConfig = z.strictObject({
  listen: z.strictObject({ host: z.string(), port: z.int().min(0).max(65535) }),
  /** Holds `kms.json`, key material included; made with mode 0700. */
  stateDirectory: z.string(),
  /** Whether a change is on the disk when it is answered. Not: for benchmarks, where each would write all keys. */
  durable: z.boolean().default(true),
  principals: z.array(Principal),
  staticKeys: z.array(StaticKey).default([]),
  /** Who signs service-account tokens; without it no role can be assumed. */
  serviceAccountIssuer: z.strictObject({ issuer: z.string(), jwks: JwksSource }).optional(),
  region: z.string().default('eu-central-1'),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .default('000000000000'),
});

/** What {@link startKms} wants: the configuration file, and what only a caller in this process can give. */
export type KmsOptions = Omit<z.input<typeof KmsConfig>, 'serviceAccountIssuer'> & {
  serviceAccountIssuer?: { issuer: string; jwks: JwksSource | (() => Promise<JSONWebKeySet>) };
  /** Receives one entry a call. */
  log?: (entry: CallLog) => void;
  /** Milliseconds since 1970. Default: the machine's clock. */
  now?: () => number;
};

/** One call, as it is logged. Never plaintext, ciphertext or encryption context. */
export interface CallLog {
  service: 'kms' | 'sts';
  operation: string;
  /** ARN of who called; absent when that could not be told. */
  principal?: string;
  keyArn?: string;
  /** `ok`, or the type of the error. */
  result: string;
  detail?: string;
  durationMs: number;
}
