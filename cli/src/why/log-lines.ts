/** How many lines of a log are asked for and shown. */
export const LOG_LINES = 10;

/**
 * What the log of a process that ended says of the reason: the last line at level error or fatal, else the last one.
 * Our services write JSON; anything else is taken as it is.
 */
export function lastWords(lines: readonly string[]): string | undefined {
  const read = lines.filter((line) => line.trim() !== '').map(readLine);
  return (read.findLast(({ bad }) => bad) ?? read.at(-1))?.text;
}

function readLine(line: string): { text: string; bad: boolean } {
  const entry = parsed(line);
  const { level, msg, err } = entry ?? {};
  if (typeof msg !== 'string' && err === undefined) return { text: line.trim(), bad: false };
  const error = typeof err === 'object' && err !== null ? Reflect.get(err, 'message') : undefined;
  const words = [msg, error].filter((part) => typeof part === 'string' && part !== '');
  const bad = level === 'error' || level === 'fatal' || (typeof level === 'number' && level >= 50);
  return { text: [...new Set(words)].join(': '), bad };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
