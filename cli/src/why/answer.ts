import { type Paint, printable } from '../output/terminal.ts';
import type { Cause, Subject } from './evidence.ts';

/** The cause in one line, what supports it, and the next step. */
export function answer({ kind, object }: Subject, cause: Cause | undefined, paint: Paint): string {
  const name = `${kind} ${object.metadata.namespace}/${object.metadata.name}`;
  if (cause === undefined) return `${paint(name, 'bold')}: ${paint('nothing is wrong', 'green')}\n`;
  const oneLine = (text: string) => printable(text.replaceAll(/\s*\n\s*/g, ' ')).trim();
  return [
    `${paint(name, 'bold')}: ${paint(oneLine(cause.cause), 'red')}`,
    '',
    'Because:',
    ...[...new Set(cause.support)].map((line) => `  - ${oneLine(line)}`),
    '',
    'Next:',
    `  ${oneLine(cause.next)}`,
    '',
  ].join('\n');
}
