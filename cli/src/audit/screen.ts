import type { AuditRow, Finding } from '@cofferdam/contracts/audit';
import { table } from '../output/table.ts';
import { type Paint, printable } from '../output/terminal.ts';
import type { Verification } from './verify.ts';

/** What was verified, what was found, and what nothing but the database speaks for yet. */
export function verificationScreen(found: Verification, paint: Paint): string {
  const { anchors, notAnchored, findings } = found;
  const lines = [
    `Trail of ${found.vaultId}, read at ${found.readAt}: ${count(found.rows, 'row')} in ${count(found.writers, 'chain')}.`,
    anchorLine(found),
    '',
    `${pad(found.anchored)} anchored by the run that wrote them${found.newestAnchor === undefined ? '' : `, up to ${found.newestAnchor}`}`,
    `${pad(found.foundLater)} found by another run after theirs had ended without an anchor for them`,
    `${pad(notAnchored.rows)} not anchored yet${notAnchored.since === undefined ? '' : `, from ${notAnchored.since} on: only the database speaks for them`}`,
    ...(found.youngerThanExport > 0
      ? [
          `${pad(found.youngerThanExport)} anchors are younger than these rows and were not used for their ends`,
        ]
      : []),
    ...(anchors.before > 0
      ? ['', `${count(anchors.before, 'anchor')} from before the first one given.`]
      : []),
    ...(anchors.unchecked > 0
      ? ['', `${count(anchors.unchecked, 'anchor')} of another KMS key, that no newer one names: not used.`]
      : []),
    ...(anchors.unreadable > 0
      ? ['', `${count(anchors.unreadable, 'line')} with an anchor that is damaged: not used.`]
      : []),
    '',
    ...verdict(found, paint),
  ];
  const screen = `${lines.join('\n')}\n`;
  return printable(findings.length === 0 ? screen : `${screen}\n${findingsTable(findings)}`);
}

function anchorLine({ anchors }: Verification): string {
  const where = `${count(anchors.given, 'anchor')}, ${anchors.kept} of them kept outside the database`;
  if (anchors.macs === undefined) return `${where}; whether KMS made them was not asked.`;
  return `${where}; ${anchors.proven} proven, by ${count(anchors.macs, 'MAC')} of KMS and by naming each other.`;
}

function verdict(found: Verification, paint: Paint): string[] {
  if (found.findings.length > 0) {
    const all = found.findings.length + found.findingsLeftOut;
    return [paint(`${count(all, 'finding')}: this is not the trail that was written.`, 'red')];
  }
  const holds =
    found.newestAnchor === undefined ? 'The chains fit together' : 'Every anchored row is as it was written';
  return [
    paint(
      found.newestAnchor === undefined
        ? `${holds}, which proves nothing without an anchor.`
        : `${holds}: none altered, removed, put in or moved.`,
      found.newestAnchor === undefined ? 'yellow' : 'green',
    ),
    ...(found.kmsCommand === undefined
      ? []
      : ['', 'To ask KMS yourself about the newest anchor:', `  ${found.kmsCommand}`]),
  ];
}

function findingsTable(findings: readonly Finding[]): string {
  return table(
    [
      { title: 'finding', text: ({ kind }: Finding) => kind },
      { title: 'where and what', text: ({ message }: Finding) => message },
    ],
    findings,
  );
}

/** Who did what to which card, when, with which key, for which payment. */
export function trailTable(rows: readonly AuditRow[]): string {
  const detail = new Map(rows.map((row) => [row, parsed(row.detail)] as const));
  const of = (name: string) => (row: AuditRow) => shown(detail.get(row)?.[name]);
  return printable(
    table<AuditRow>(
      [
        { title: 'time', text: ({ time }) => time },
        { title: 'action', text: ({ action }) => action },
        { title: 'merchant', text: ({ merchant }) => merchant },
        { title: 'token', text: ({ token }) => token },
        { title: 'who', text: (row) => [row.subject, of('pod')(row)].filter(Boolean).join(' in ') },
        { title: 'key', text: of('keyVersion') },
        { title: 'payment', text: of('paymentId') },
        { title: 'attempt', text: of('attemptId') },
        {
          title: 'why',
          text: (row) => [of('purpose')(row), of('reason')(row), repeated(row)].filter(Boolean).join(' '),
        },
      ],
      rows,
    ),
  );

  function repeated(row: AuditRow): string {
    const times = of('repeated')(row);
    return times === '' ? '' : `${times} more since ${of('since')(row)}`;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function parsed(detail: string): Record<string, unknown> {
  try {
    return JSON.parse(detail) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function pad(number: number): string {
  return String(number).padStart(9);
}
