import { PaymentVault, PSPConnector } from '@cofferdam/crds';
import type { z } from 'zod';
import type { KubeObject, ObjectMeta } from '../engine/index.ts';

type Read<T> = Omit<T, 'metadata'> & { metadata: ObjectMeta };
export type ReadVault = Read<PaymentVault>;
export type ReadConnector = Read<PSPConnector>;

/** Why a spec cannot be read: members that only a newer operator knows, or a value that this one does not take. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
  readonly reason: 'OperatorTooOld' | 'SpecNotUnderstood';

  constructor(reason: UnreadableError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export function readVault(raw: KubeObject): ReadVault {
  return read(PaymentVault, raw);
}

export function readConnector(raw: KubeObject): ReadConnector {
  return read(PSPConnector, raw);
}

/**
 * The API server has validated it already, against the definition that is installed; that one may be of a newer
 * release. The status is our own, also where a newer operator wrote more into it than this one knows.
 */
function read<T extends { status?: unknown }>(schema: z.ZodType<T>, raw: KubeObject): Read<T> {
  const { status, ...rest } = raw as KubeObject & { status?: T['status'] };
  const { success, data, error } = schema.safeParse(rest);
  if (!success) throw unreadable(error.issues);
  return { ...data, metadata: raw.metadata, ...(status === undefined ? {} : { status }) };
}

function unreadable(issues: readonly z.core.$ZodIssue[]): UnreadableError {
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [],
  );
  if (unknown.length > 0) {
    return new UnreadableError(
      'OperatorTooOld',
      `this operator does not know ${unknown.slice(0, 5).join(', ')}: nothing is changed; upgrade the operator, or remove what it does not know`,
    );
  }
  const others = issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  return new UnreadableError(
    'SpecNotUnderstood',
    `this operator cannot read ${others.join('; ')}: nothing is changed; upgrade the operator, or change the resource`,
  );
}

/** For looking at other resources than the one that is reconciled: an unreadable one is as good as none. */
export function tryRead<T>(read: (raw: KubeObject) => T, raw: KubeObject | undefined): T | undefined {
  if (raw === undefined) return undefined;
  try {
    return read(raw);
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}
