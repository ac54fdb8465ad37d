import { join } from 'node:path';
import { filesBelow, huntCardNumbers, type Source } from '@cofferdam/devcluster/testing';
import { CVCS, LOADED_PREFIX, PLANTED_CVC, PLANTED_PREFIX } from '../cards.ts';

/** Where is looked, and what there is to read. */
export type Places = Readonly<Record<string, () => Iterable<Source>>>;

export type Hunt = {
  /** MiB that were read. */
  read: number;
  /** Places in which the planted number was found, and the planted CVC. */
  plantedFoundIn: string[];
  problems: string[];
};

/** Three digits alone are found anywhere by chance. As a member of an object, as JSON or as Node.js prints it, they are not. */
const writtenCvcs = (cvc: string): string[] => {
  const [first = ''] = cvc;
  return [`"cvc":"${first}`, `"cvc":${first}`, `\\"cvc\\":\\"${first}`, `cvc: '${first}`];
};

const NUMBERS = [LOADED_PREFIX, PLANTED_PREFIX, ...[CVCS[0], PLANTED_CVC].flatMap(writtenCvcs)];
/** As findings name them: by the last four signs. */
const nameOf = (text: string): string => text.slice(-4);
const PLANTED_CVCS = new Set(writtenCvcs(PLANTED_CVC).map(nameOf));
/** Not even sealed is a CVC stored. */
const SEALED_CVC = /cvc_[A-Za-z0-9_-]{100}/;

function hasSealedCvc(content: Buffer | string): boolean {
  if (typeof content === 'string') return SEALED_CVC.test(content);
  for (let at = content.indexOf('cvc_'); at >= 0; at = content.indexOf('cvc_', at + 1)) {
    if (SEALED_CVC.test(content.subarray(at, at + 110).toString('latin1'))) return true;
  }
  return false;
}

/** Text that has both of what is planted. */
export const plantedText = (number: string): string => JSON.stringify({ card: { number }, cvc: PLANTED_CVC });

/**
 * Looks for every card number and CVC in every place. A planted one must be found in each of them, or the hunt would prove
 * nothing.
 */
export function huntLeaks(places: Places): Hunt {
  const hunt: Hunt = { read: 0, plantedFoundIn: [], problems: [] };
  for (const [place, sources] of Object.entries(places)) {
    const planted = { number: false, cvc: false };
    for (const source of sources()) {
      hunt.read += source.content.length / 2 ** 20;
      for (const { lastFour, source: where, encoding } of huntCardNumbers([source], NUMBERS)) {
        if (lastFour === nameOf(PLANTED_PREFIX)) planted.number = true;
        else if (PLANTED_CVCS.has(lastFour)) planted.cvc = true;
        else hunt.problems.push(`${place}: ${where} has card data, ${encoding}`);
      }
      if (hasSealedCvc(source.content)) hunt.problems.push(`${place}: ${source.name} has a sealed CVC`);
    }
    if (planted.number && planted.cvc) hunt.plantedFoundIn.push(place);
    else hunt.problems.push(`${place}: what was planted there was not found`);
  }
  return hunt;
}

export function* filesOf(...directories: string[]): Generator<Source> {
  for (const directory of directories) yield* filesBelow(directory);
}

/** Databases that PostgreSQL comes with, by their object identifiers: no vault is connected to them. */
const FOREIGN = ['base/1/', 'base/4/', 'base/5/'];

/** Data directories but for their write-ahead logs, which are a place of their own. */
export function* heapFiles(...dataDirectories: string[]): Generator<Source> {
  for (const directory of dataDirectories) {
    const others = ['pg_wal/', ...FOREIGN].map((name) => join(directory, name));
    for (const source of filesBelow(directory)) {
      if (!others.some((other) => source.name.startsWith(other))) yield source;
    }
  }
}
