import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { outdatedFiles } from '../src/generate.ts';
import { definitionFiles } from '../src/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/crds-`);
  for (const [name, content] of definitionFiles()) writeFileSync(`${directory}/${name}`, content);
});
afterEach(() => rmSync(directory, { recursive: true }));

test('the committed files are what the schemas give', () => {
  expect(outdatedFiles(fileURLToPath(new URL('../yaml', import.meta.url)))).toEqual([]);
});

test('outdatedFiles() names a file that was edited and one that is missing', () => {
  expect(outdatedFiles(directory)).toEqual([]);
  writeFileSync(`${directory}/paymentvaults.yaml`, 'edited by hand');
  rmSync(`${directory}/pspconnectors.yaml`);
  expect(outdatedFiles(directory)).toEqual(['paymentvaults.yaml', 'pspconnectors.yaml']);
});

test('definitionFiles() gives the same bytes every time', () => {
  expect([...definitionFiles()]).toEqual([...definitionFiles()]);
});
