import { z } from 'zod';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;

/** Which requests a fault is for; everything that is left out matches. */
export const FaultMatch = z.strictObject({
  /** Kubernetes verbs. */
  verbs: z.array(z.enum(VERBS)).optional(),
  /** A regular expression for the path, such as `/leases/`. */
  path: z.string().refine(isRegularExpression, 'must be a regular expression').optional(),
  /** The user name, such as `system:serviceaccount:cofferdam-system:cofferdam-operator`. */
  user: z.string().optional(),
});
export type FaultMatch = z.infer<typeof FaultMatch>;

/** What a rule does; it must do something. */
const EFFECTS = ['latencyMilliseconds', 'status', 'drop', 'silentWatch', 'staleByRevisions'] as const;

const FaultRuleMembers = z.strictObject({
  match: FaultMatch.default({}),
  /** How many requests it hits before it is gone; without it, it stays until it is removed. */
  times: z.int().positive().optional(),
  /** Waits so long before anything else happens. */
  latencyMilliseconds: z.int().nonnegative().optional(),
  /** Answers with this error instead of carrying the request out. */
  status: z.int().min(400).max(599).optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  retryAfterSeconds: z.int().nonnegative().optional(),
  /** Cuts the connection: before the request is carried out, or after it, so that only the answer is lost. */
  drop: z.enum(['before', 'after']).optional(),
  /** A watch that is opened stays open, but no events come. */
  silentWatch: z.boolean().optional(),
  /** Reads show the state of this many revisions ago. */
  staleByRevisions: z.int().positive().optional(),
});

export const FaultRule = FaultRuleMembers.refine(
  (rule) => EFFECTS.some((effect) => rule[effect] !== undefined),
  `must have an effect: ${EFFECTS.join(', ')}`,
);
export type FaultRule = z.infer<typeof FaultRule>;

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
