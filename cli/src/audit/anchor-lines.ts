import { AuditAnchor } from '@cofferdam/contracts/audit';

/** Members in which log pipelines put the line that they were given, and those of our own lines. */
const WRAPPERS = ['anchor', 'value', 'log', 'message', 'msg'];

/**
 * The anchor in a line, however it was kept: as it is, as the vault's log line, inside the record of a log pipeline or
 * a Kafka consumer, behind a prefix. `unreadable`: there was one, and it is damaged.
 */
export function anchorIn(line: string): AuditAnchor | 'unreadable' | undefined {
  if (!line.includes('cofferdam audit anchor')) return undefined;
  const start = line.indexOf('{');
  return (start < 0 ? undefined : search(parsed(line.slice(start)))) ?? 'unreadable';
}

function search(value: unknown, depth = 0): AuditAnchor | undefined {
  if (typeof value === 'string') return search(parsed(value), depth + 1);
  if (typeof value !== 'object' || value === null || depth > 6) return undefined;
  const anchor = AuditAnchor.safeParse(value);
  if (anchor.success) return anchor.data;
  for (const name of WRAPPERS) {
    const found = search((value as Record<string, unknown>)[name], depth + 1);
    if (found) return found;
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
