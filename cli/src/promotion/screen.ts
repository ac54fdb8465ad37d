import {
  type EnvironmentDrift,
  type EnvironmentHistory,
  type FieldChange,
  type GateDecision,
  type PinChange,
  type PinResult,
  type PromoteResult,
  type RollbackResult,
  shortDigest,
} from '@cofferdam/promotion';
import { table } from '../output/table.ts';
import type { Paint } from '../output/terminal.ts';

const DONE: Readonly<Record<string, string>> = {
  opened: 'opened',
  updated: 'updated',
  unchanged: 'unchanged, nothing was written',
  nothing: 'nothing to do',
  held: 'held, no pull request was opened or updated',
};
const WOULD: Readonly<Record<string, string>> = {
  opened: 'would be opened',
  updated: 'would be updated',
  unchanged: 'unchanged',
  nothing: 'nothing to do',
  held: 'held',
};

export function promoteScreen(result: PromoteResult, dryRun: boolean, paint: Paint): string {
  const { from, to, outcome, closed, pullRequest } = result;
  const words = (dryRun ? WOULD : DONE)[outcome] ?? outcome;
  const head = `${from} -> ${to}: ${outcome === 'nothing' ? `${to} runs what ${from} runs, ${words}` : words}${link(pullRequest)}`;
  return `${head}\n${closedLine(closed, dryRun)}${pinTable(result.pins)}${gateTable(result.gates, paint)}${changeSummary(result.changes)}`;
}

export function rollbackScreen(result: RollbackResult, dryRun: boolean): string {
  const { environment, to, outcome, closed, pullRequest } = result;
  const words = (dryRun ? WOULD : DONE)[outcome] ?? outcome;
  const head = `${environment} back to what ${to.slice(0, 10)} brought: ${words}${link(pullRequest)}`;
  return `${head}\n${closedLine(closed, dryRun)}${pinTable(result.pins)}${changeSummary(result.changes)}`;
}

export function pinScreen(
  { environment, outcome, closed, pullRequest, pins, changes }: PinResult,
  dryRun: boolean,
): string {
  const words =
    outcome === 'nothing' ? `${environment} runs it, nothing to do` : (dryRun ? WOULD : DONE)[outcome];
  return `${environment}: ${words}${link(pullRequest)}\n${closedLine(closed, dryRun)}${pinTable(pins)}${changeSummary(changes)}`;
}

function closedLine(closed: number | undefined, dryRun: boolean): string {
  if (closed === undefined) return '';
  return `pull request ${closed} ${dryRun ? 'would be' : 'was'} closed: it is not wanted any more\n`;
}

function link(pull: { readonly url: string } | undefined): string {
  return pull === undefined ? '' : `: ${pull.url}`;
}

function pinTable(pins: readonly PinChange[]): string {
  if (pins.length === 0) return '';
  const columns = [
    { title: 'image', text: (pin: PinChange) => pin.component },
    { title: 'from', text: ({ before }: PinChange) => shortDigest(before) },
    { title: 'to', text: ({ after }: PinChange) => shortDigest(after) },
  ];
  return `\n${table(columns, pins)}`;
}

function gateTable(gates: readonly GateDecision[], paint: Paint): string {
  if (gates.length === 0) return '';
  const columns = [
    { title: 'gate', text: ({ gate }: GateDecision) => gate },
    {
      title: 'passed',
      text: ({ passed }: GateDecision) => (passed ? 'yes' : 'no'),
      paint: (text: string, { passed }: GateDecision) => paint(text, passed ? 'green' : 'red'),
    },
    { title: 'found', text: ({ evidence }: GateDecision) => evidence },
  ];
  return `\n${table(columns, gates)}`;
}

/** How many of what; each is in the pull request. */
function changeSummary(changes: readonly FieldChange[]): string {
  if (changes.length === 0) return '';
  const counts = new Map<string, number>();
  for (const { category } of changes) counts.set(category, (counts.get(category) ?? 0) + 1);
  const said = [...counts].map(([category, count]) => `${count} of ${category}`);
  return `\nrendered changes: ${said.join(', ')}\n`;
}

export function historyScreen({ releases }: EnvironmentHistory): string {
  type Entry = EnvironmentHistory['releases'][number];
  const columns = [
    { title: 'when', text: ({ committedAt }: Entry) => committedAt },
    { title: 'revision', text: ({ revision }: Entry) => revision.slice(0, 10) },
    { title: 'kind', text: ({ kind }: Entry) => kind },
    { title: 'who', text: ({ author }: Entry) => author },
    { title: 'pull', text: ({ pullRequest }: Entry) => (pullRequest === undefined ? '' : `#${pullRequest}`) },
    ...(releases.some(({ mergedBy }) => mergedBy !== undefined)
      ? [{ title: 'merged by', text: ({ mergedBy }: Entry) => mergedBy ?? '' }]
      : []),
    {
      title: 'images',
      text: ({ changes }: Entry) =>
        changes.map((pin) => `${pin.component} ${shortDigest(pin.after)}`).join(', '),
    },
  ];
  return table(columns, releases);
}

const SAYS = { git: 'Git', argocd: 'Argo CD', cluster: 'the cluster' } as const;

export function driftScreen(found: readonly EnvironmentDrift[]): string {
  const rows = found.flatMap(({ environment, drifts }) => drifts.map((drift) => ({ environment, ...drift })));
  if (rows.length === 0) return `no drift: ${found.map(({ environment }) => environment).join(', ')}\n`;
  type Row = (typeof rows)[number];
  const columns = [
    { title: 'environment', text: ({ environment }: Row) => environment },
    {
      title: 'between',
      text: ({ between }: Row) => (between === 'live' ? 'Git, cluster' : 'inputs, rendered'),
    },
    { title: 'says', text: ({ source }: Row) => SAYS[source] },
    { title: 'what', text: ({ what }: Row) => what },
    { title: 'detail', text: ({ detail }: Row) => detail },
  ];
  return table(columns, rows);
}
