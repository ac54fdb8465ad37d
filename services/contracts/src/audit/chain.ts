import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { encodeTuple } from './tuple.ts';

/** Who did what to which token. Never card data. */
export interface AuditEntry {
  time: Date;
  issuer: string;
  subject: string;
  action: string;
  merchant: string;
  /** Empty where no token is concerned. */
  token: string;
  requestId: string;
  /** JSON, kept as text so that its bytes, and the hash over them, stay. */
  detail: string;
}

/** An entry in its place of its writer's chain. */
export interface AuditLink extends AuditEntry {
  writer: string;
  /** From 1. */
  position: number;
  previous: Uint8Array;
  hash: Uint8Array;
}

/** Where a writer's chain ends. */
export interface ChainHead {
  writer: string;
  position: number;
  hash: Uint8Array;
}

export function emptyChain(writer: string): ChainHead {
  return { writer, position: 0, hash: new Uint8Array(32) };
}

/** The next link: its hash covers the entry, its place and all that came before. */
export function link(head: ChainHead, entry: AuditEntry): AuditLink {
  const position = head.position + 1;
  const covered = Buffer.concat([head.hash, encode(head.writer, position, entry)]);
  // As text and back is a third of what a digest in a Buffer of its own costs.
  const digest = Buffer.from(hash('sha256', covered, 'binary'), 'binary');
  return { ...entry, writer: head.writer, position, previous: head.hash, hash: digest };
}

/**
 * Walks one writer's links, in order of position.
 *
 * @param from the link before the first of them; default: the first is the chain's first
 * @returns the position of the first link that was changed, is missing or does not belong, or undefined when all hold
 */
export function firstBrokenLink(
  writer: string,
  links: Iterable<AuditLink>,
  from: ChainHead = emptyChain(writer),
): number | undefined {
  let head = from;
  for (const found of links) {
    const wanted = link(head, found);
    const holds =
      found.writer === writer && found.position === wanted.position && sameBytes(found.hash, wanted.hash);
    if (!holds || !sameBytes(found.previous, head.hash)) return wanted.position;
    head = wanted;
  }
  return undefined;
}

function encode(writer: string, position: number, entry: AuditEntry): Uint8Array {
  return encodeTuple([
    'cofferdam audit 1',
    writer,
    String(position),
    entry.time.toISOString(),
    entry.issuer,
    entry.subject,
    entry.action,
    entry.merchant,
    entry.token,
    entry.requestId,
    entry.detail,
  ]);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
