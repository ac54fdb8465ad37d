import type { GateDecision } from './gates.ts';
import { type PinChange, shortDigest } from './pins.ts';
import type { Category, FieldChange } from './rendered-diff.ts';

export type Purpose = 'promote' | 'rollback' | 'release';

const LABELS: Record<Purpose, string> = { promote: 'promotion', rollback: 'rollback', release: 'release' };

export interface Proposal {
  readonly purpose: Purpose;
  /** The target. */
  readonly environment: string;
  /** Where the pins come from, for the title: `staging`, or `release of 4c1b8c5a02`. */
  readonly origin: string;
  readonly pins: readonly PinChange[];
  readonly changes: readonly FieldChange[];
  /** Of a promotion: why it may go forward. */
  readonly gates: readonly GateDecision[];
  /** What else a reviewer should know, a line each. */
  readonly notes: readonly string[];
}

/** One branch, and so one pull request, for each target and purpose. */
export function branchOf(purpose: Purpose, environment: string): string {
  return `${purpose}/${environment}`;
}

export function titleOf({ purpose, environment, origin, pins }: Proposal): string {
  const what = pins.map(({ component, after }) => `${component} ${shortDigest(after)}`).join(', ');
  return cut(`${purpose}(${environment}): ${origin}: ${what}`, 200);
}

const CALLED_OUT = ['policy', 'permissions', 'definitions'] as const satisfies readonly Category[];
const changesLabel = (category: Category) => `changes/${category}`;

export function labelsOf({ purpose, environment, changes }: Proposal): string[] {
  const called = CALLED_OUT.filter((category) => changes.some((change) => change.category === category));
  return [LABELS[purpose], `env/${environment}`, ...called.map(changesLabel)];
}

/** Labels of ours that say what is not so any more. What people put there stays. */
export function staleLabels(found: readonly string[], wanted: readonly string[]): string[] {
  return CALLED_OUT.map(changesLabel).filter((label) => found.includes(label) && !wanted.includes(label));
}

const BEGIN = '<!-- cofferdam:begin, text between these two lines is written anew -->';
const END = '<!-- cofferdam:end -->';
/** GitHub takes 65,536 characters; people add theirs. */
const BODY_LIMIT = 60_000;
const SECTIONS: readonly (readonly [Category, string])[] = [
  ['images', 'Images'],
  ['replicas', 'Replicas'],
  ['policy', 'Policy: look closely'],
  ['permissions', 'Permissions: look closely'],
  ['definitions', 'Custom resource definitions: look closely'],
  ['other', 'Other'],
];

/** Our part of the body: the same for the same state. */
export function bodyOf(proposal: Proposal): string {
  const head = [...pinTable(proposal.pins), ...gateTable(proposal.gates), ...notes(proposal.notes)];
  const checklist = ['', '### Checklist', ...checklistOf(proposal).map((item) => `- [ ] ${item}`)];
  const frame = [BEGIN, ...head, ...checklist, END].join('\n');
  return [
    BEGIN,
    ...head,
    ...changeLines(proposal.changes, BODY_LIMIT - frame.length),
    ...checklist,
    END,
  ].join('\n');
}

function pinTable(pins: readonly PinChange[]): string[] {
  return [
    '| image | from | to |',
    '| --- | --- | --- |',
    ...pins.map(({ component, before, after }) => `| ${component} | ${code(before)} | ${code(after)} |`),
  ];
}

function gateTable(gates: readonly GateDecision[]): string[] {
  if (gates.length === 0) return [];
  return [
    '',
    '### Why it may go forward',
    '| gate | what was found |',
    '| --- | --- |',
    ...gates.map(({ gate, evidence }) => `| ${gate} | ${cell(evidence)} |`),
  ];
}

function notes(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `> ${cell(line)}`)];
}

const AGAIN = 'Asked for with --again: this environment was rolled back from this release.';

/** What stands in a pull request that brings back what was rolled back; it is where that decision is kept. */
export function againNotes(isAgain: boolean): string[] {
  return isAgain ? [AGAIN] : [];
}

/** Whether a pull request says that somebody asked for exactly these pins again. */
export function saysAgain(body: string, pins: readonly PinChange[]): boolean {
  const lines = new Set(body.replaceAll('\r\n', '\n').split('\n'));
  return lines.has(`> ${AGAIN}`) && pinTable(pins).every((line) => lines.has(line));
}

function checklistOf({ purpose, environment, changes }: Proposal): string[] {
  const has = (category: Category) => changes.some((change) => change.category === category);
  return [
    ...(has('permissions') ? ['Each change of permissions above is meant'] : []),
    ...(has('policy') ? ['Each change of policy above is meant'] : []),
    ...(has('definitions') ? ['The custom resource definitions still accept what is stored'] : []),
    ...ofPurpose(purpose, environment),
  ];
}

function ofPurpose(purpose: Purpose, environment: string): string[] {
  if (purpose === 'release') return ['The notes of the release were read'];
  if (purpose === 'rollback')
    return [`Whoever released the newer images to ${environment} knows that it is undone`];
  return [
    `Nobody is working on an incident in ${environment}`,
    `\`cofferdam rollback --env ${environment}\` is understood by whoever is on call`,
  ];
}

function changeLines(changes: readonly FieldChange[], room: number): string[] {
  const lines = ['', '### What is rendered from it'];
  let left = room - lines.join('\n').length - 200;
  let omitted = 0;
  for (const [category, title] of SECTIONS) {
    const found = changes.filter((change) => change.category === category);
    if (found.length === 0) continue;
    const section = ['', `**${title}** (${found.length})`];
    left -= section.join('\n').length + 1;
    for (const change of found) {
      const line = changeLine(change);
      if (line.length + 1 > left) omitted += 1;
      else {
        section.push(line);
        left -= line.length + 1;
      }
    }
    lines.push(...section);
  }
  if (omitted > 0) lines.push('', `${omitted} more are in the files of this pull request.`);
  return changes.length === 0 ? [] : lines;
}

function changeLine({ object, path, before, after }: FieldChange): string {
  if (path === '') return `- ${object}: ${before === undefined ? '**added**' : '**removed**'}`;
  return `- ${object}: \`${path}\`: ${code(before)} → ${code(after)}`;
}

function code(value: unknown): string {
  if (value === undefined) return 'none';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return `\`${cell(cut(text, 200)).replaceAll('`', "'")}\``;
}

/** What others wrote must not end a cell of a table, a line, or our part of the body. */
function cell(text: string): string {
  return text
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<!--', '<! --');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/**
 * The body that a pull request should have. What people wrote around our part stays; so do the boxes that they ticked,
 * as long as what they looked at is the same.
 * @param found the body that it has
 * @param sameContent the branch holds what it held when the boxes were ticked
 */
export function mergedBody(found: string, wanted: string, sameContent: boolean): string {
  const text = found.replaceAll('\r\n', '\n');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) return text.trim() === '' ? wanted : `${text.trimEnd()}\n\n${wanted}`;
  const ours = text.slice(begin, end + END.length);
  const ticked = sameContent ? withTicks(wanted, ours) : wanted;
  return text.slice(0, begin) + ticked + text.slice(end + END.length);
}

function withTicks(wanted: string, found: string): string {
  const ticked = new Set([...found.matchAll(/^- \[[xX]\] (.*)$/gm)].map(([, item]) => item));
  return wanted.replaceAll(/^- \[ \] (.*)$/gm, (line, item: string) =>
    ticked.has(item) ? `- [x] ${item}` : line,
  );
}
