import type { Destination, Endpoint, World } from '../../src/network/index.ts';
import { whoCanReachWhom } from '../../src/network/index.ts';

/** The matrix as a person reads it: a line for who, a column for whom. */
export function grid(
  sources: Readonly<Record<string, Endpoint>>,
  destinations: Readonly<Record<string, Destination>>,
  world: World,
): string {
  const reached = whoCanReachWhom(sources, destinations, world);
  const whom = Object.keys(destinations);
  const first = Math.max(...Object.keys(sources).map((name) => name.length));
  const line = (who: string, cells: string[]) =>
    [who.padEnd(first), ...cells.map((cell, i) => cell.padEnd(whom[i]?.length ?? 0))].join('  ').trimEnd();
  return [
    line('', whom),
    ...Object.entries(reached).map(([who, reaches]) =>
      line(
        who,
        whom.map((name) => (reaches.includes(name) ? 'yes' : 'no')),
      ),
    ),
  ].join('\n');
}

/** A committed table, without the line breaks and the indentation of where it stands. */
export function table(text: string): string {
  const lines = text.replace(/^\n|\n\s*$/g, '').split('\n');
  const indent = Math.min(...lines.map((line) => line.search(/\S/)).filter((at, i) => at >= 0 && i > 0));
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n');
}
