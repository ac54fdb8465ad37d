import {
  type AuditAnchor,
  type AuditReport,
  type AuditRow,
  AuditVerifier,
  type FindingKind,
  judgeAnchors,
} from '@cofferdam/contracts/audit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  check,
  entryOf,
  HISTORY_VAULT,
  type History,
  playHistory,
  prove,
  rehashed,
  type Step,
} from '../support/audit-history.ts';

const run = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ run, lane: fc.integer({ min: 0, max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ run, anchor: fc.constant('goes on' as const) }) },
  { weight: 1, arbitrary: fc.record({ run, anchor: fc.constant('ends' as const) }) },
);
/** With at least two anchored rows of one writer, so that there is something to tamper with. */
const history = fc
  .array(step, { maxLength: 40 })
  .map((steps) => playHistory([{ run: 0, lane: 0 }, { run: 0, lane: 0 }, ...steps, ...lastAnchors]));
const lastAnchors: Step[] = [0, 1, 2].map((one) => ({ run: one, anchor: 'goes on' }));

async function verify(
  rows: readonly AuditRow[],
  anchors: readonly AuditAnchor[],
  exportedAt?: Date,
): Promise<AuditReport & { kinds: FindingKind[] }> {
  const judged = await judgeAnchors(anchors, { vaultId: HISTORY_VAULT, check });
  const verifier = new AuditVerifier({ anchors: judged.authentic, exportedAt });
  for (const row of rows) verifier.row(row);
  const report = verifier.finish();
  return { ...report, kinds: [...judged.findings, ...report.findings].map(({ kind }) => kind) };
}

/** What another run says of a row, in its first anchor. */
function anchorOf({ writer, position, hash }: AuditRow, origin: 'found' | 'own', time: string): AuditAnchor {
  return prove({
    ...{ vaultId: HISTORY_VAULT, run: 'vault-1/run_1', sequence: 1, time, previous: [], ends: false },
    heads: [{ writer, position, origin, hash: Buffer.from(hash, 'hex').toString('base64url') }],
  });
}

/** One thing that the database's owner can do to rows that are anchored. */
type Tampering = (history: History, pick: (below: number) => number) => AuditRow[];

const anchoredRows = ({ rows, anchored }: History) =>
  rows.filter(({ writer, position }) => position <= (anchored.get(writer) ?? 0));
const oneOf = <T>(all: readonly T[], pick: (below: number) => number): T => all[pick(all.length)] as T;
const sameChain = (a: AuditRow) => (b: AuditRow) => a.writer === b.writer;

/** Everything from a row on, with hashes that fit together again. */
function rewriteFrom(rows: readonly AuditRow[], changed: AuditRow): AuditRow[] {
  let previous: string | undefined;
  return rows.map((row) => {
    if (row.writer !== changed.writer || row.position < changed.position) return row;
    const next = row.position === changed.position ? changed : row;
    const anew = rehashed(next, previous ?? row.previous);
    previous = anew.hash;
    return anew;
  });
}

const FIELDS = ['issuer', 'subject', 'action', 'merchant', 'token', 'requestId', 'detail'] as const;

const TAMPERINGS: Record<string, Tampering> = {
  'alters a member of a row': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    const field = oneOf(FIELDS, pick);
    return h.rows.map((one) => (one === row ? { ...one, [field]: `${one[field]}x` } : one));
  },
  'moves the time of a row by a microsecond': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    return h.rows.map((one) => (one === row ? { ...one, time: one.time.replace('Z', '001Z') } : one));
  },
  'alters a hash': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    const field = oneOf(['hash', 'previous'] as const, pick);
    return h.rows.map((one) => (one === row ? { ...one, [field]: 'f'.repeat(64) } : one));
  },
  'alters a row together with its hash': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    const forged = rehashed({ ...row, [oneOf(FIELDS, pick)]: '{"forged":true}' }, row.previous);
    return h.rows.map((one) => (one === row ? forged : one));
  },
  'deletes a row': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    return h.rows.filter((one) => one !== row);
  },
  'deletes a row and closes the gap': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    let previous = row.previous;
    return h.rows
      .filter((one) => one !== row)
      .map((one) => {
        if (!sameChain(row)(one) || one.position < row.position) return one;
        const moved = rehashed({ ...one, position: one.position - 1 }, previous);
        previous = moved.hash;
        return moved;
      });
  },
  'cuts a chain off': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    return h.rows.filter((one) => !sameChain(row)(one) || one.position < row.position);
  },
  'removes a whole chain': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    return h.rows.filter((one) => !sameChain(row)(one));
  },
  'exchanges the contents of two rows': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    const others = h.rows.filter((one) => one !== row);
    const other = oneOf(others, pick);
    const swap = (one: AuditRow, by: AuditRow): AuditRow => ({
      ...by,
      ...{ writer: one.writer, position: one.position, previous: one.previous, hash: one.hash },
    });
    return h.rows.map((one) => (one === row ? swap(row, other) : one === other ? swap(other, row) : one));
  },
  'lists two rows in another order': (h) => {
    const [first, second, ...rest] = h.rows;
    return first && second ? [second, first, ...rest] : [];
  },
  'puts a row in and moves the others on': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    const forged = { ...row, ...entryOf(999, new Date(row.time)), time: row.time };
    let previous = row.previous;
    return h.rows.flatMap((one) => {
      if (!sameChain(row)(one) || one.position < row.position) return [one];
      return (one === row ? [forged, one] : [one]).map((next, i) => {
        const position = one.position + (one === row ? i : 1);
        const moved = rehashed({ ...next, position }, previous);
        previous = moved.hash;
        return moved;
      });
    });
  },
  'rewrites a chain from a row on, hashes and all': (h, pick) => {
    const row = oneOf(anchoredRows(h), pick);
    return rewriteFrom(h.rows, { ...row, [oneOf(FIELDS, pick)]: '{"forged":true}' });
  },
};

describe('verifying', () => {
  it('finds nothing wrong with what nobody has touched', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (h) => {
        const report = await verify(h.rows, h.anchors);
        expect(report.kinds).toEqual([]);
        expect(report.anchored + report.notAnchored.rows).toBe(h.rows.length);
        expect(report.anchored).toBe([...h.anchored.values()].reduce((sum, one) => sum + one, 0));
      }),
    );
  });

  it.each(Object.entries(TAMPERINGS))('finds what the database owner %s', async (_, tamper) => {
    await fc.assert(
      fc.asyncProperty(history, fc.infiniteStream(fc.nat()), async (h, numbers) => {
        const pick = (below: number) => (numbers.next().value ?? 0) % below;
        const rows = tamper(h, pick);
        expect((await verify(rows, h.anchors)).kinds).not.toEqual([]);
      }),
    );
  });

  it('says what it is that it has found, and where', async () => {
    const steps: Step[] = [0, 1, 2].map(() => ({ run: 0, lane: 0 }));
    const h = playHistory([...steps, ...lastAnchors]);
    const [a, b, c] = h.rows;
    if (!a || !b || !c) throw new Error('three rows');
    const found = async (rows: AuditRow[]) => {
      const { findings } = await verify(rows, h.anchors);
      return findings.map(({ kind, position }) => [kind, position]);
    };
    expect(await found([a, { ...b, subject: 'nobody' }, c])).toEqual([['altered', 2]]);
    expect(await found([a, rehashed({ ...b, subject: 'nobody' }, b.previous), c])).toEqual([['altered', 3]]);
    expect(await found([a, c])).toEqual([['missing', 2]]);
    expect(await found([b, c])).toEqual([['missing', 1]]);
    expect(await found([a, b])).toEqual([['truncated', 3]]);
    expect(await found([])).toEqual([['truncated', 3]]);
    expect(await found([a, b, b, c])).toEqual([['out_of_order', 2]]);
    expect(await found([a, c, b])).toEqual([
      ['missing', 2],
      ['out_of_order', 2],
    ]);
    expect(await found(rewriteFrom(h.rows, { ...b, subject: 'nobody' }))).toEqual([['rewritten', 3]]);
  });

  it('without anchors does not see a chain that was rewritten as a whole: they are what shows it', async () => {
    const h = playHistory([{ run: 0, lane: 0 }, { run: 0, lane: 0 }, ...lastAnchors]);
    const [first] = h.rows;
    if (!first) throw new Error('a row');
    const rows = rewriteFrom(h.rows, { ...first, subject: 'somebody else' });
    expect(await verify(rows, [])).toMatchObject({ holds: true, notAnchored: { rows: 2 } });
    expect((await verify(rows, h.anchors)).kinds).toEqual(['rewritten']);
  });

  it('says what is not anchored yet', async () => {
    const h = playHistory([{ run: 0, lane: 0 }, ...lastAnchors, { run: 0, lane: 0 }, { run: 0, lane: 1 }]);
    expect(await verify(h.rows, h.anchors)).toMatchObject({
      holds: true,
      anchored: 1,
      notAnchored: {
        rows: 2,
        writers: ['vault-0/run_0/0', 'vault-0/run_0/1'],
        since: '2026-11-23T12:00:04.000Z',
      },
    });
  });

  it('finds rows that came long after their time, in a chain of their own', async () => {
    const h = playHistory([{ run: 0, lane: 0 }, ...lastAnchors]);
    const forged = playHistory([{ run: 2, lane: 0 }]).rows.map((row) =>
      rehashed({ ...row, time: '2026-11-23T10:00:00.000Z' }, row.previous),
    );
    expect((await verify([...h.rows, ...forged], h.anchors)).kinds).toEqual(['inserted']);
  });

  it('finds rows after the end of a run, also when somebody has anchored them since', async () => {
    const h = playHistory([
      { run: 0, lane: 0 },
      { run: 0, anchor: 'ends' },
    ]);
    const [first] = h.rows;
    const [end] = h.anchors;
    if (!first || !end) throw new Error('a row and an anchor');
    const late = { ...first, position: 2, time: '2026-11-23T12:10:00.000Z' };
    const forged = rehashed(late, first.hash);
    const rows = [first, forged];
    expect((await verify(rows, h.anchors)).kinds).toEqual(['inserted']);
    const later = anchorOf(forged, 'found', '2026-11-23T13:00:00.000Z');
    expect((await verify(rows, [...h.anchors, later])).kinds).toEqual(['inserted']);
  });

  it('finds nothing wrong with what a run had lost sight of, and another found before it ended', async () => {
    const h = playHistory([{ run: 0, lane: 0 }]);
    const [row] = h.rows;
    if (!row) throw new Error('a row');
    const found = anchorOf(row, 'found', '2026-11-23T12:02:00.000Z');
    const end = prove({
      ...{ vaultId: HISTORY_VAULT, run: 'vault-0/run_0', sequence: 1, time: '2026-11-23T12:30:00.000Z' },
      ...{ previous: [], ends: true, heads: [] },
    });
    expect(await verify(h.rows, [found, end])).toMatchObject({ holds: true, foundLater: 1, findings: [] });
  });

  it('counts apart what another run found, and does not take its word for the writer own', async () => {
    const h = playHistory([{ run: 0, lane: 0 }]);
    const [row] = h.rows;
    if (!row) throw new Error('a row');
    const found = anchorOf(row, 'own', '2026-11-23T12:02:00.000Z');
    expect(await verify(h.rows, [found])).toMatchObject({ holds: true, anchored: 0, foundLater: 1 });
  });

  it('does not miss rows that are younger than the export', async () => {
    const h = playHistory([{ run: 0, lane: 0 }, ...lastAnchors, { run: 0, lane: 0 }, ...lastAnchors]);
    const exported = h.rows.slice(0, 1);
    const report = await verify(exported, h.anchors, new Date('2026-11-23T12:00:02Z'));
    expect(report).toMatchObject({ holds: true, youngerThanExport: 1 });
    const later = await verify(exported, h.anchors, new Date('2026-11-23T12:01:00Z'));
    expect(later.kinds).toEqual(['truncated']);
    const verifier = new AuditVerifier({
      anchors: h.anchors,
      exportedAt: new Date('2026-11-23T12:00:02Z'),
      readBefore: new Set(h.anchors.map(({ hash }) => hash)),
    });
    for (const row of exported) verifier.row(row);
    expect(verifier.finish().findings).toMatchObject([{ kind: 'truncated' }]);
  });
});

describe('anchors', () => {
  const steps: Step[] = [1, 2, 3, 4].flatMap((): Step[] => [
    { run: 0, lane: 0 },
    { run: 0, anchor: 'goes on' },
    { run: 1, lane: 0 },
    { run: 1, anchor: 'goes on' },
  ]);
  const h = playHistory(steps);
  const judge = (anchors: readonly AuditAnchor[]) => judgeAnchors(anchors, { vaultId: HISTORY_VAULT, check });

  it('one proof vouches for all that led to it', async () => {
    let asked = 0;
    const judged = await judgeAnchors(h.anchors, {
      vaultId: HISTORY_VAULT,
      check: (anchor) => {
        asked++;
        return check(anchor);
      },
    });
    expect([judged.authentic.length, judged.findings, asked]).toEqual([8, [], 1]);
  });

  it('one that is missing between others is missed, whichever it is', async () => {
    for (const gone of h.anchors.slice(1, -1)) {
      const { findings } = await judge(h.anchors.filter((one) => one !== gone));
      expect(findings.filter(({ anchor }) => anchor === gone.hash)).toMatchObject(
        h.anchors.indexOf(gone) === 1 ? [] : [{ kind: 'anchor_missing' }],
      );
    }
  });

  it('those before the first one given are not', async () => {
    expect(await judge(h.anchors.slice(4))).toMatchObject({ findings: [], before: 2 });
  });

  it('one that was altered, is of another vault, or that KMS never saw, is not believed', async () => {
    const [first, last] = [h.anchors[0], h.anchors.at(-1)];
    if (!first || !last) throw new Error('anchors');
    const altered = { ...last, heads: [] };
    expect((await judge([first, altered])).findings).toMatchObject([{ kind: 'anchor_altered' }]);
    const forged = { ...prove({ ...last, sequence: 9 }), mac: 'made-up' };
    expect(await judge([first, forged])).toMatchObject({
      authentic: [first],
      findings: [{ kind: 'anchor_not_authentic' }],
    });
    expect((await judge([prove({ ...last, vaultId: 'globex' })])).findings).toMatchObject([
      { kind: 'anchor_foreign' },
    ]);
  });

  it('two in one place show that somebody used the KMS key for a forgery', async () => {
    const last = h.anchors.at(-1);
    if (!last) throw new Error('anchors');
    const other = prove({ ...last, heads: [] });
    expect((await judge([...h.anchors, other])).findings).toMatchObject([{ kind: 'anchor_forked' }]);
  });
});
