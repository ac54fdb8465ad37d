import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Authority, type AuthoritySet, signing } from '../../src/ca/authority-set.ts';
import { afterStep, type RotationTimes, rotationSteps, shortestAuthorityMs } from '../../src/ca/rotation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const times: RotationTimes = {
  leafMs: 24 * HOUR,
  publishMs: HOUR,
  staleMs: 10 * MINUTE,
  authorityMs: 365 * 24 * HOUR,
};
const iso = (at: number) => new Date(at).toISOString();

let made = 0;
function authority(now: number, { authorityMs }: RotationTimes): Authority {
  const id = (++made).toString(16).padStart(16, '0');
  const [notBefore, notAfter, createdAt] = [iso(now), iso(now + authorityMs), iso(now)];
  return { id, certificate: id, key: id, notBefore, notAfter, createdAt };
}

/** One round of the leader. */
function round(set: AuthoritySet, of: RotationTimes, at: { now: number; leadingSince: number }) {
  return rotationSteps(set, of, at).reduce<AuthoritySet>(
    (before, step) => afterStep(before, step, { now: at.now, created: authority(at.now, of) }),
    set,
  );
}

const states = (set: AuthoritySet) =>
  set.map(({ signsFrom, retiredAt }) => (signsFrom === undefined ? 'next' : retiredAt ? 'retired' : 'signs'));

test('an authority is made, published before its turn, signs, and leaves when nothing of it can be valid', () => {
  const year = times.authorityMs;
  const seen: [number, string[]][] = [];
  let set: AuthoritySet = [];
  for (let now = 0; now < 1.4 * year; now += 10 * MINUTE) {
    set = round(set, times, { now, leadingSince: 0 });
    const found = states(set);
    if (found.join() !== seen.at(-1)?.[1].join()) seen.push([now, found]);
  }
  const renewed = Math.ceil(((2 / 3) * year) / (10 * MINUTE)) * 10 * MINUTE;
  expect(seen).toEqual([
    [0, ['signs']],
    [renewed, ['signs', 'next']],
    [renewed + HOUR, ['retired', 'signs']],
    [renewed + HOUR + times.leafMs + times.staleMs, ['signs']],
    [2 * renewed, ['signs', 'next']],
    [2 * renewed + HOUR, ['retired', 'signs']],
    [2 * renewed + HOUR + times.leafMs + times.staleMs, ['signs']],
  ]);
});

test('a leader that has just taken over publishes the next authority for the whole delay itself', () => {
  const first = afterStep([], { do: 'create-and-sign' }, { now: 0, created: authority(0, times) });
  const set = afterStep(first, { do: 'publish-next' }, { now: HOUR, created: authority(HOUR, times) });
  const at = (now: number) => rotationSteps(set, times, { now, leadingSince: 3 * HOUR });
  expect(at(4 * HOUR - 1)).toEqual([]);
  expect(at(4 * HOUR)).toEqual([{ do: 'sign-with', id: set[1]?.id }]);
});

test('when everything has run out, a new authority signs at once', () => {
  const old = afterStep([], { do: 'create-and-sign' }, { now: 0, created: authority(0, times) });
  const now = times.authorityMs;
  expect(rotationSteps(old, times, { now, leadingSince: 0 })).toEqual([
    { do: 'drop', id: old[0]?.id },
    { do: 'create-and-sign' },
  ]);
});

/** Whatever the lifetimes, however often leaders change, and whichever replicas sign with what they read last. */
const world = fc.record({
  leafMs: fc.integer({ min: HOUR, max: 48 * HOUR }),
  publishMs: fc.integer({ min: MINUTE, max: 6 * HOUR }),
  staleMs: fc.integer({ min: MINUTE, max: HOUR }),
  slack: fc.integer({ min: 4, max: 8 }),
  rounds: fc.array(
    fc.record({
      /** In parts of a third of an authority's life. */
      pause: fc.double({ min: 0.001, max: 0.1, noNaN: true }),
      newLeader: fc.boolean(),
      /** How old the replica's knowledge is, in parts of staleMs. */
      behind: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 50, maxLength: 200 },
  ),
});

test('every certificate that has not run out verifies with the bundle, and nobody signs before it was published', () => {
  fc.assert(
    fc.property(world, ({ slack, rounds, ...given }) => {
      const least = { ...given, authorityMs: 0 };
      const of = { ...least, authorityMs: slack * shortestAuthorityMs(least) };
      const history: { at: number; set: AuthoritySet }[] = [];
      const leaves: { by: string; until: number }[] = [];
      let now = 0;
      let leadingSince = 0;
      let set: AuthoritySet = [];
      for (const { pause, newLeader, behind } of rounds) {
        now += Math.ceil((pause * of.authorityMs) / 3);
        // A leader that never stays for the delay can never finish; that is not what is looked at here.
        if (newLeader && now - leadingSince > 2 * of.publishMs) leadingSince = now;
        set = round(set, of, { now, leadingSince });
        history.push({ at: now, set });
        const knows = history.findLast(({ at }) => at <= now - behind * of.staleMs)?.set ?? set;
        const signer = signing(knows);
        if (signer === undefined) throw new Error('nobody signs');
        const published = history.find((one) => one.set.some(({ id }) => id === signer.id))?.at ?? now;
        const first = history[0]?.set[0]?.id === signer.id;
        if (!first) expect(now - published).toBeGreaterThanOrEqual(of.publishMs);
        leaves.push({ by: signer.id, until: Math.min(now + of.leafMs, Date.parse(signer.notAfter)) });
        const trusted = new Set(set.map(({ id }) => id));
        expect(leaves.filter(({ by, until }) => until > now && !trusted.has(by))).toEqual([]);
        expect(states(set).filter((state) => state === 'signs')).toHaveLength(1);
        expect(set.length).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 10_000 },
  );
});
