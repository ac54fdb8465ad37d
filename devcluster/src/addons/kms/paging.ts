import { z } from 'zod';
import { AwsError } from './aws-error.ts';

/** The paging members of a List request. */
export function pagingInput(maximum: number) {
  return { Limit: z.int().min(1).max(maximum).optional(), Marker: z.string().min(1).optional() };
}

/**
 * One page of a list. The marker names the last entry given, so that entries which come or go between two pages
 * make none appear twice or be left out.
 *
 * @param nameOf what the list is ordered by; unique
 */
export function page<Entry>(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
  input: { Limit?: number | undefined; Marker?: string | undefined },
  defaultLimit: number,
): { entries: Entry[]; rest: { Truncated: boolean; NextMarker?: string } } {
  const after = input.Marker === undefined ? undefined : readMarker(input.Marker);
  const sorted = entries
    .map((entry) => ({ entry, name: nameOf(entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => after === undefined || name > after);
  const given = sorted.slice(0, input.Limit ?? defaultLimit);
  const last = given.at(-1);
  const truncated = given.length < sorted.length && last !== undefined;
  return {
    entries: given.map(({ entry }) => entry),
    rest: truncated ? { Truncated: true, NextMarker: writeMarker(last.name) } : { Truncated: false },
  };
}

function writeMarker(name: string): string {
  return Buffer.from(`after:${name}`).toString('base64url');
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith('after:')) throw new AwsError('InvalidMarkerException', 'The marker is not valid.');
  return text.slice('after:'.length);
}
