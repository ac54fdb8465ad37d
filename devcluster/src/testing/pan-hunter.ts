import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needlesOf } from './encodings.ts';
import { NeedleIndex } from './needle-index.ts';
import { unpackAll } from './unpack.ts';

/** Something that the system wrote: a log, a dump, a file, an answer. */
export interface Source {
  name: string;
  content: Buffer | string;
}

/** A card number where none may be. It is named by its last four digits, so that a report does not spread it. */
export interface Finding {
  source: string;
  lastFour: string;
  encoding: string;
  /** Where in the source, or in what was unpacked from it. */
  offset: number;
}

const MAX_DEPTH = 3;

/**
 * Looks for card numbers (or the beginning of many, or other telling text) in everything that a system wrote: plain, with separators, in base64 at each alignment,
 * hexadecimal, UTF-16, URL-encoded, escaped, packed decimal, and inside compressed streams, nested up to three deep.
 * A hunt that finds nothing proves something only beside one that finds a planted number: see the tests.
 */
export function huntCardNumbers(sources: Iterable<Source>, numbers: readonly string[]): Finding[] {
  const distinct = [...new Set(numbers)];
  const needles = new NeedleIndex(distinct.flatMap(needlesOf));
  const separated = separatedPattern(distinct);
  const findings: Finding[] = [];
  for (const { name, content } of sources) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    hunt({ source: name, bytes: withoutZeroTail(bytes), depth: 0 }, { needles, separated }, findings);
  }
  return findings;
}

/**
 * Every file below a directory as a source; sockets, pipes and links are left out. What is removed while it is walked
 * (a pod that ends) is left out as well.
 *
 * @throws when there is no such directory
 */
export function* filesBelow(directory: string): Generator<Source> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    try {
      if (entry.isDirectory()) yield* filesBelow(path);
      else if (entry.isFile()) yield { name: path, content: readFileSync(path) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

const ZEROS = Buffer.alloc(64 * 1024);
/** An encoding of a digit may end with a zero byte, as UTF-16LE does; none ends with as many as these. */
const ZEROS_KEPT = 16;

/** Logs of databases and brokers are files of their full size from the start: most of what they hold is zeros. */
function withoutZeroTail(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end >= ZEROS.length && bytes.subarray(end - ZEROS.length, end).equals(ZEROS)) end -= ZEROS.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, Math.min(bytes.length, end + ZEROS_KEPT));
}

interface Patterns {
  needles: NeedleIndex;
  separated: RegExp;
}

function hunt(
  { source, bytes, depth }: { source: string; bytes: Buffer; depth: number },
  patterns: Patterns,
  findings: Finding[],
): void {
  for (const { needle, offset } of patterns.needles.findIn(bytes)) {
    findings.push({ source, lastFour: needle.number.slice(-4), encoding: needle.encoding, offset });
  }
  const text = bytes.toString('latin1');
  for (const match of text.matchAll(patterns.separated)) {
    const digits = match[0].replace(/\D/g, '');
    if (digits === match[0]) continue; // found above
    findings.push({ source, lastFour: digits.slice(-4), encoding: 'with separators', offset: match.index });
  }
  if (depth === MAX_DEPTH) return;
  for (const unpacked of unpackAll(bytes, text)) {
    hunt(
      { source: `${source} (${unpacked.how})`, bytes: unpacked.bytes, depth: depth + 1 },
      patterns,
      findings,
    );
  }
}

/** The digits with up to three separators between each: blanks, hyphens, dots, slashes, quotes and commas of an array. */
function separatedPattern(texts: readonly string[]): RegExp {
  const numbers = texts.filter((text) => /^\d+$/.test(text));
  if (numbers.length === 0) return /(?!)/g;
  return new RegExp(
    numbers.map((number) => [...number].join('[ \\-._/,"\'\\t\\n\\u00a0]{0,3}')).join('|'),
    'g',
  );
}
