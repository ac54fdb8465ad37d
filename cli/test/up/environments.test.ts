import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { renderedDirectory } from '../../src/up/environments.ts';
import { cofferdam } from '../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-environments-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('renderedDirectory() names the environments that are rendered when there is no such one', () => {
  for (const path of ['blue/rendered', 'green/rendered', 'not-rendered'])
    mkdirSync(join(directory, path), { recursive: true });
  expect(renderedDirectory(directory, 'blue')).toBe(join(directory, 'blue/rendered'));
  expect(() => renderedDirectory(directory, '../blue')).toThrow(/there are: blue, green$/);
  expect(() => renderedDirectory(join(directory, 'nowhere'), 'blue')).toThrow(/npm run synth/);
});

it('up ends with status 4 and the list for an environment that does not exist', async () => {
  const { status, stderr } = await cofferdam(['up', '--env', 'production']);
  expect(status).toBe(4);
  expect(stderr).toMatch(/no environment "production"; there are: dev, prod, staging/);
});
