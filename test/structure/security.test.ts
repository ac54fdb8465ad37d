import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './sources.ts';

const PAGE = 'docs/security.md';
const text = readFileSync(join(root, PAGE), 'utf8');

/** Of PCI DSS 4.0.1, what shapes the code. */
const REQUIREMENTS = [
  ...['3.2.1', '3.3.1.2', '3.3.2', '3.4.1', '3.5.1.1', '3.6.1', '3.7', '4.2.1', '7.2', '7.3', '8.6'],
  ...['10.2.1', '10.3', '10.5.1'],
];

interface Link {
  /** From the root. */
  path: string;
  anchor: string;
  /** What stands in quotation marks behind it: the name of a test. */
  test: string | undefined;
}

function links(part: string): Link[] {
  return [...part.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)(?: "([^"]+)")?/g)].map(
    ([, path = '', anchor = '', test]) => ({
      path: path === '' ? PAGE : join('docs', path),
      anchor,
      test,
    }),
  );
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8').replaceAll('\\', '');
/** By its name, or how that begins. */
const hasTest = (path: string, name = ''): boolean => {
  const source = read(path).replace(/\(\s+/g, '(');
  return ["'", '"', '`'].some((quote) => source.includes(`(${quote}${name}`));
};
/** As GitHub makes them. */
const anchorsOf = (path: string): string[] =>
  [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
const sections = text.split(/^### /m).slice(1);
const inTests = ({ path }: Link): boolean => /(^|\/)test\//.test(path);

describe('docs/security.md', () => {
  it('links only to what there is', () => {
    const broken = links(text).filter(
      ({ path, anchor }) =>
        !existsSync(join(root, path)) || (anchor !== '' && !anchorsOf(path).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it('names only tests that there are, in the files that it says', () => {
    const named = links(text).filter(({ test }) => test !== undefined);
    expect(named.length).toBeGreaterThan(50);
    const missing = named.filter((link) => !inTests(link) || !hasTest(link.path, link.test));
    expect(missing).toEqual([]);
  });

  it.each(Array.from({ length: 10 }, (_, i) => i + 1))('maps invariant %i to code and tests', (number) => {
    const section = sections.find((each) => each.startsWith(`${number}. `)) ?? '';
    const all = links(section);
    expect(all.filter(({ path }) => /\/src\//.test(path))).not.toEqual([]);
    expect(all.filter(({ test }) => test !== undefined)).not.toEqual([]);
  });

  it.each(REQUIREMENTS)('maps PCI DSS %s to code and tests', (requirement) => {
    const row = text.split('\n').find((line) => line.startsWith(`| **${requirement}** `)) ?? '';
    const all = links(row);
    expect(all.filter((link) => !inTests(link))).not.toEqual([]);
    expect(all.filter(({ test }) => test !== undefined)).not.toEqual([]);
  });
});
