import { z } from 'zod';
import { Timestamp } from './identifiers.ts';

const KeyStatus = z.strictObject({
  keyArn: z.string(),
  state: z.enum(['usable', 'unavailable']),
  detail: z.string().optional(),
  checkedAt: Timestamp.optional(),
  inUse: z
    .array(z.string())
    .optional()
    .describe(
      'ARNs of the KMS keys without which a data key could not be unwrapped: more than one until re-wrapped.',
    ),
});

const leftBehind = z
  .int()
  .optional()
  .describe(
    'Those that the walk which is under way, or the last one, could not open: they stay under their old key.',
  );

/** `GET /statusz` (permission `status:read`): what the operator's conditions and the CLI read of a running service. */
export const Statusz = z.strictObject({
  service: z.enum(['vault', 'router', 'connector', 'psp-simulator']),
  version: z.string(),
  instance: z.string().describe('Pod name, or host name outside Kubernetes.'),
  vaultId: z.string().optional(),
  certificate: z
    .strictObject({
      expiresAt: Timestamp.optional().describe('Absent while there is none that a client would trust.'),
      detail: z.string().optional().describe('Why there is no newer one, although it is time for one.'),
    })
    .optional()
    .describe('That the process serves with.'),
  schema: z
    .strictObject({
      current: z.int().describe('Newest migration that the database has.'),
      wanted: z.int().describe('Newest migration that this code knows.'),
      oldestCode: z.int().describe('The oldest code (its `wanted`) that may still use this schema.'),
    })
    .optional(),
  replication: z
    .strictObject({
      asked: z.boolean().describe('Whether the settings of this service want a synchronous standby.'),
      waits: z.boolean().describe('Whether the database waits for one (`synchronous_standby_names`).'),
      standbys: z
        .int()
        .describe('How many it waits for are connected, or, where their details are hidden, any.'),
    })
    .optional()
    .describe('Of the database. Absent while it cannot be asked.'),
  key: KeyStatus.optional(),
  rekey: z
    .strictObject({ generation: z.int(), total: z.int(), done: z.int(), finished: z.boolean() })
    .optional()
    .describe('Of records and of cards together.'),
  rekeyParts: z
    .strictObject({
      records: z.strictObject({ total: z.int(), done: z.int(), leftBehind, finished: z.boolean() }),
      fingerprints: z.strictObject({
        phase: z.enum(['adding', 'closing', 'moving', 'expiring', 'finished']),
        total: z.int().describe('Cards.'),
        done: z.int(),
        leftBehind,
        finished: z.boolean(),
      }),
      statement: z.string().optional().describe('Once all is finished: what was found.'),
    })
    .optional(),
  outbox: z
    .strictObject({ unpublished: z.int(), broker: z.enum(['connected', 'unreachable', 'none']) })
    .optional(),
  accounts: z
    .array(
      z.strictObject({
        name: z.string(),
        credentials: z.enum(['present', 'missing', 'invalid']),
        reachable: z.enum(['yes', 'no', 'unknown']),
        detail: z.string().optional(),
      }),
    )
    .optional()
    .describe('Of a connector: one for each account.'),
});
export type Statusz = z.infer<typeof Statusz>;
