import { type AuditAnchor, anchorHash } from './anchor.ts';
import type { Finding } from './finding.ts';

/**
 * Whether KMS made the anchor's MAC. `unknown`: nobody could say, as with one made under a KMS key of before.
 */
export type AnchorCheck = (anchor: AuditAnchor) => Promise<'valid' | 'invalid' | 'unknown'>;

export interface JudgedAnchors {
  /** Those that are proven: by a MAC, or by one that is and that they led to. Oldest first. */
  authentic: AuditAnchor[];
  /** How many MACs were found valid. */
  macs: number;
  /** Those that nobody could check and that no proven one names. */
  unchecked: AuditAnchor[];
  /** How many are named that lie before the first one given. */
  before: number;
  findings: Finding[];
}

/** Replicas' clocks differ; so much later than the first anchor given, a missing one is not one from before. */
const BEGINNING_MS = 300_000;

/**
 * Sorts out which anchors can be believed. The MAC is asked for where no other anchor vouches: the last of a chain
 * proves all that came before it, also what was made under a KMS key that is gone.
 *
 * @param check without it all are taken on trust from where they were kept
 */
export async function judgeAnchors(
  given: Iterable<AuditAnchor>,
  { vaultId, check }: { vaultId: string; check: AnchorCheck | undefined },
): Promise<JudgedAnchors> {
  const findings: Finding[] = [];
  const byHash = new Map<string, AuditAnchor[]>();
  for (const anchor of given) {
    const wrong = wrongWith(anchor, vaultId);
    const same = byHash.get(anchor.hash) ?? [];
    if (wrong) findings.push(wrong);
    else if (!same.some(({ mac }) => mac === anchor.mac)) byHash.set(anchor.hash, [...same, anchor]);
  }
  const proven = new Map<string, AuditAnchor>();
  const unchecked: AuditAnchor[] = [];
  let macs = 0;
  const believe = (first: AuditAnchor): void => {
    for (const next = [first]; ; ) {
      const anchor = next.pop();
      if (anchor === undefined) return;
      if (proven.has(anchor.hash)) continue;
      proven.set(anchor.hash, anchor);
      for (const { hash } of anchor.previous) next.push(...(byHash.get(hash) ?? []).slice(0, 1));
    }
  };
  const open = [...byHash.values()].flatMap(([anchor]) => anchor ?? []).sort(newestFirst);
  const named = new Set(open.flatMap((anchor) => anchor.previous.map(({ hash }) => hash)));
  // Those that nobody names come first; another is asked about only when none of these has vouched for it.
  const order = [
    ...open.filter(({ hash }) => !named.has(hash)),
    ...open.filter(({ hash }) => named.has(hash)),
  ];
  for (const anchor of order) {
    if (proven.has(anchor.hash)) continue;
    const verdict = check ? await anyValid(byHash.get(anchor.hash) ?? [], check) : 'valid';
    if (verdict === 'valid') believe(anchor);
    if (verdict === 'valid' && check) macs++;
    if (verdict === 'unknown') unchecked.push(anchor);
    if (verdict === 'invalid') {
      findings.push(finding('anchor_not_authentic', anchor, 'KMS did not make its MAC'));
    }
  }
  const authentic = [...proven.values()].sort((a, b) => newestFirst(b, a));
  const { missing, before } = missingFrom(authentic, byHash);
  findings.push(...forked(authentic), ...missing);
  return { authentic, macs, unchecked, before, findings };
}

async function anyValid(anchors: readonly AuditAnchor[], check: AnchorCheck) {
  let worst: Awaited<ReturnType<AnchorCheck>> = 'invalid';
  for (const anchor of anchors) {
    const verdict = await check(anchor);
    if (verdict === 'valid') return verdict;
    if (verdict === 'unknown') worst = verdict;
  }
  return worst;
}

function wrongWith(anchor: AuditAnchor, vaultId: string): Finding | undefined {
  if (anchorHash(anchor) !== anchor.hash) {
    return finding('anchor_altered', anchor, 'what it says is not what its hash was made of');
  }
  if (anchor.vaultId !== vaultId) return finding('anchor_foreign', anchor, `is of vault ${anchor.vaultId}`);
  return undefined;
}

/** Two proven anchors in one place: whoever may use the KMS key has made one of them up. */
function forked(authentic: readonly AuditAnchor[]): Finding[] {
  const places = new Map<string, AuditAnchor>();
  return authentic.flatMap((anchor) => {
    const place = `${anchor.run} ${anchor.sequence}`;
    const other = places.get(place);
    places.set(place, anchor);
    return other ? [finding('anchor_forked', anchor, `stands in the place of ${other.hash}`)] : [];
  });
}

function missingFrom(
  authentic: readonly AuditAnchor[],
  byHash: ReadonlyMap<string, unknown>,
): { missing: Finding[]; before: number } {
  const firstOf = new Map<string, number>();
  for (const { run, sequence } of authentic) {
    firstOf.set(run, Math.min(sequence, firstOf.get(run) ?? sequence));
  }
  const beginning = Date.parse(authentic[0]?.time ?? '') + BEGINNING_MS;
  const absent = new Map(
    authentic.flatMap(({ previous }) => previous.map((one) => [one.hash, one] as const)),
  );
  const missing: Finding[] = [];
  let before = 0;
  for (const [hash, one] of absent) {
    if (byHash.has(hash)) continue;
    const first = firstOf.get(one.run);
    const isBefore = first === undefined ? Date.parse(one.time) < beginning : one.sequence < first;
    if (isBefore) before++;
    else missing.push(finding('anchor_missing', one, 'a later anchor names it, and it was not given'));
  }
  return { missing, before };
}

function finding(kind: Finding['kind'], anchor: AuditAnchor['previous'][number], what: string): Finding {
  const { run, sequence, time, hash } = anchor;
  return { kind, anchor: hash, message: `anchor ${sequence} of ${run} (${time}): ${what}` };
}

function newestFirst(a: AuditAnchor, b: AuditAnchor): number {
  return b.time.localeCompare(a.time) || b.sequence - a.sequence || b.hash.localeCompare(a.hash);
}
