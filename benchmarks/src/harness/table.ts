import type { Report, Result } from './report.ts';

/** The report for people: every result with its figures, then the targets. */
export function readable(report: Report): string {
  const { cpu, cores, memoryGiB, system, node } = report.machine;
  const settings = Object.entries(report.settings).map(([name, value]) => `${name} ${said(value)}`);
  return [
    `${report.scenario}: ${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}`,
    settings.join(', '),
    '',
    ...report.results.flatMap((result) => [result.name, ...figures(result), '']),
    ...report.targets.map(
      ({ name, wanted, measured, met }) =>
        `${met ? 'met   ' : 'MISSED'}  ${name}: wanted ${wanted}, measured ${shown(measured)}`,
    ),
    ...(report.problems ?? []).map((problem) => `\nWRONG   ${problem}`),
    '',
  ].join('\n');
}

function figures({ name: _, ...result }: Result): string[] {
  const shownOnes = Object.entries(result).filter(([, value]) => value !== null);
  const width = Math.max(...shownOnes.map(([figure]) => figure.length));
  return shownOnes.map(([figure, value]) => `  ${figure.padEnd(width)}  ${shown(value)}`);
}

/** As it is given on a command line: a seed with commas would be refused there. */
function said(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value);
}

function shown(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 2 });
  return value === null ? 'nothing' : String(value);
}
