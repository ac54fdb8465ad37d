import { PaymentVault, PSPConnector } from '@cofferdam/crds';
import type { z } from 'zod';
import type { KubeObject, ObjectMeta } from '../engine/index.ts';

type Read<T> = Omit<T, 'metadata'> & { metadata: ObjectMeta };
export type ReadVault = Read<PaymentVault>;
export type ReadConnector = Read<PSPConnector>;

/** The resource has a member that this release does not know: its definition is newer than the operator. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

export function readVault(raw: KubeObject): ReadVault {
  return read(PaymentVault, raw);
}

export function readConnector(raw: KubeObject): ReadConnector {
  return read(PSPConnector, raw);
}

/** The API server has validated it already, against the definition that is installed. */
function read<T extends object>(schema: z.ZodType<T>, raw: KubeObject): Read<T> {
  const { success, data, error } = schema.safeParse(raw);
  if (success) return { ...data, metadata: raw.metadata };
  const issues = error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UnreadableError(
    `this release does not understand the resource (${issues.join('; ')}): upgrade the operator, or change the resource`,
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
