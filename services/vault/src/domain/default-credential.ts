import type { OnFileReason } from '@cofferdam/contracts';

/** Which of a customer's credentials is the default, and why. */
export interface DefaultChoice {
  token: string | null;
  /** Null: there has never been a default. */
  reason: OnFileReason | null;
  /** The default before. */
  from: string | null;
  at: Date | null;
}

export type DefaultCause =
  | { kind: 'added'; token: string; makeDefault: boolean | undefined }
  | { kind: 'requested'; token: string | null }
  | { kind: 'removed'; tokens: readonly string[]; reason: OnFileReason };

/**
 * The default after something has happened to a customer's credentials. It passes to another credential only when
 * somebody asks for that: where the one that was chosen goes, nobody has agreed to being charged with the next best.
 *
 * @returns undefined when it stays as it is
 */
export function nextDefault(
  current: Pick<DefaultChoice, 'token'>,
  cause: DefaultCause,
  at: Date,
): DefaultChoice | undefined {
  const to = wanted(current, cause);
  if (to === undefined || to.token === current.token) return undefined;
  return { ...to, from: current.token, at };
}

function wanted(
  { token: before }: Pick<DefaultChoice, 'token'>,
  cause: DefaultCause,
): Pick<DefaultChoice, 'token' | 'reason'> | undefined {
  switch (cause.kind) {
    case 'requested':
      return { token: cause.token, reason: 'requested' };
    case 'removed':
      return before !== null && cause.tokens.includes(before)
        ? { token: null, reason: cause.reason }
        : undefined;
    case 'added':
      if (cause.makeDefault === true) return { token: cause.token, reason: 'requested' };
      return before === null && cause.makeDefault === undefined
        ? { token: cause.token, reason: 'first_credential' }
        : undefined;
  }
}
