import {
  type AnchoredHead,
  type AuditAnchor,
  type AuditEntry,
  type AuditLink,
  type AuditRow,
  emptyChain,
  hashedAnchor,
  link,
  nameOf,
  toRow,
} from '@cofferdam/contracts/audit';

/** What a vault did, step by step: a run's lane commits an entry, or a run makes an anchor. */
export type Step = { run: number; lane: number } | { run: number; anchor: 'goes on' | 'ends' };

export interface History {
  rows: AuditRow[];
  anchors: AuditAnchor[];
  /** Last anchored position by writer. */
  anchored: Map<string, number>;
}

export const HISTORY_VAULT = 'acme-dev';
const START_MS = Date.UTC(2026, 10, 23, 12);

/** Rows and anchors as an untouched vault leaves them, a second a step. A run that has ended does nothing more. */
export function playHistory(steps: readonly Step[]): History {
  const chains = new Map<string, AuditLink[]>();
  const said = new Map<string, number>();
  const anchors: AuditAnchor[] = [];
  const named = new Set<string>();
  const ended = new Set<number>();
  steps.forEach((step, i) => {
    const time = new Date(START_MS + i * 1000);
    if (ended.has(step.run)) return;
    if ('lane' in step) {
      const writer = `vault-${step.run}/run_${step.run}/${step.lane}`;
      const links = chains.get(writer) ?? [];
      chains.set(writer, [...links, link(links.at(-1) ?? emptyChain(writer), entryOf(i, time))]);
      return;
    }
    const run = `vault-${step.run}/run_${step.run}`;
    const heads = [...chains].flatMap(([writer, links]): AnchoredHead[] => {
      const last = links.at(-1);
      if (!writer.startsWith(`${run}/`) || !last || last.position === said.get(writer)) return [];
      const hash = Buffer.from(last.hash).toString('base64url');
      return [{ writer, position: last.position, hash, origin: 'own' }];
    });
    if (heads.length === 0 && step.anchor === 'goes on') return;
    if (step.anchor === 'ends') ended.add(step.run);
    for (const { writer, position } of heads) said.set(writer, position);
    const own = anchors.filter((anchor) => anchor.run === run);
    const previous = [...own.slice(-1), ...anchors.filter((one) => one.run !== run && !named.has(one.hash))];
    for (const { hash } of previous) named.add(hash);
    anchors.push(
      prove({
        ...{ vaultId: HISTORY_VAULT, run, sequence: own.length + 1, time: time.toISOString() },
        ...{ previous: previous.map(nameOf), heads, ends: step.anchor === 'ends' },
      }),
    );
  });
  const rows = [...chains.values()].flat().map((one) => toRow(one));
  return { rows, anchors, anchored: said };
}

/** Stands in for KMS: nothing but this makes a MAC that {@link check} believes. */
const MACS = new Set<string>();

export function prove(statement: Parameters<typeof hashedAnchor>[0]): AuditAnchor {
  const hashed = hashedAnchor(statement);
  MACS.add(hashed.hash);
  return { ...hashed, key: 'key', mac: `mac-of-${hashed.hash}` };
}

export async function check({ hash, mac }: AuditAnchor): Promise<'valid' | 'invalid'> {
  return MACS.has(hash) && mac === `mac-of-${hash}` ? 'valid' : 'invalid';
}

export function entryOf(i: number, time: Date): AuditEntry {
  return {
    ...{ time, issuer: 'cluster', subject: `subject-${i}`, action: 'token.revealed', merchant: 'acme' },
    ...{ token: `tok_${i}`, requestId: `req_${i}`, detail: `{"keyVersion":${i}}` },
  };
}

/** A row with another content, and the hash that it would have had. */
export function rehashed(row: AuditRow, previous: string): AuditRow {
  const head = { writer: row.writer, position: row.position - 1, hash: Buffer.from(previous, 'hex') };
  return toRow(link(head, { ...row, time: new Date(row.time) }));
}
