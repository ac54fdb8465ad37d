import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifests } from '../../src/demo/manifests.ts';

describe('readManifests()', () => {
  it('puts namespaces and definitions before what needs them, and our own kinds last', () => {
    const rendered = fileURLToPath(new URL('../../../environments/dev/rendered', import.meta.url));
    const kinds = readManifests(rendered).map(({ kind }) => kind);
    expect(kinds[0]).toBe('Namespace');
    expect(kinds.slice(-3)).toEqual(['PaymentVault', 'PSPConnector', 'PSPConnector']);
  });

  it('has the order of the rendered files', () => {
    const rendered = fileURLToPath(new URL('../../../environments/prod/rendered', import.meta.url));
    const names = readdirSync(rendered)
      .sort()
      .map((name) => name.split('.')[0]?.slice(3));
    expect(readManifests(rendered).map(({ kind }) => kind.toLowerCase())).toEqual(names);
  });

  it('names the file that is not YAML', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cofferdam-'));
    writeFileSync(join(directory, 'broken.yaml'), 'a: [1');
    expect(() => readManifests(directory)).toThrow(/broken\.yaml/);
  });
});
