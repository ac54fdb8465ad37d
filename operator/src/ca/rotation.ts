import { type Authority, type AuthoritySet, signing, upcoming } from './authority-set.ts';

export type RotationTimes = {
  /** Of a certificate that we sign. */
  leafMs: number;
  /** Of an authority. At least {@link shortestAuthorityMs}. */
  authorityMs: number;
  /** How long an authority is in the bundle before it signs: until every pod has surely read it. */
  publishMs: number;
  /** For how long a replica that cannot read the set goes on signing with what it knows. */
  staleMs: number;
};

export type RotationStep =
  /** The first one, or one instead of what has run out: nothing that works trusts another. */
  | { do: 'create-and-sign' }
  | { do: 'publish-next' }
  | { do: 'sign-with'; id: string }
  | { do: 'drop'; id: string };

/** A third of an authority's life has to be enough to publish the next one and to let every leaf run out. */
export function shortestAuthorityMs(times: Omit<RotationTimes, 'authorityMs'>): number {
  return 3 * (times.publishMs + times.staleMs + times.leafMs);
}

/**
 * The next steps, in order. An authority is published in the last third of the life of the one that signs, signs
 * when it has been published for `publishMs`, and leaves when the last certificate of the one before has run out.
 *
 * @param leadingSince since when this process leads: what its predecessor created may have reached nobody
 */
export function rotationSteps(
  set: AuthoritySet,
  times: RotationTimes,
  { now, leadingSince }: { now: number; leadingSince: number },
): RotationStep[] {
  const drops = set.filter((one) => isDone(one, times, now)).map(({ id }) => ({ do: 'drop', id }) as const);
  const left = set.filter((one) => !isDone(one, times, now));
  const current = signing(left);
  const next = upcoming(left);
  if (current === undefined) {
    return [...drops, next === undefined ? { do: 'create-and-sign' } : { do: 'sign-with', id: next.id }];
  }
  if (next === undefined) {
    const renewAt = ms(current.notAfter) - times.authorityMs / 3;
    return now < renewAt ? drops : [...drops, { do: 'publish-next' }];
  }
  const publishedAt = Math.max(ms(next.createdAt), leadingSince);
  return now - publishedAt < times.publishMs ? drops : [...drops, { do: 'sign-with', id: next.id }];
}

/** The set after `step`; `created` is the new authority of a step that makes one. */
export function afterStep(
  set: AuthoritySet,
  step: RotationStep,
  { now, created }: { now: number; created?: Authority },
): AuthoritySet {
  const at = new Date(now).toISOString();
  const retired = () =>
    set.map((one) =>
      one.signsFrom !== undefined && one.retiredAt === undefined ? { ...one, retiredAt: at } : one,
    );
  switch (step.do) {
    case 'drop':
      return set.filter(({ id }) => id !== step.id);
    case 'publish-next':
      return created === undefined ? set : [...set, created];
    case 'create-and-sign':
      return created === undefined ? set : [...retired(), { ...created, signsFrom: at }];
    case 'sign-with':
      return retired().map((one) => (one.id === step.id ? { ...one, signsFrom: at } : one));
  }
}

/** No certificate of it can be valid any more: it has run out, or the last that any replica signed has. */
function isDone(one: Authority, times: RotationTimes, now: number): boolean {
  if (now >= ms(one.notAfter)) return true;
  return one.retiredAt !== undefined && now >= ms(one.retiredAt) + times.staleMs + times.leafMs;
}

function ms(instant: string): number {
  return Date.parse(instant);
}
