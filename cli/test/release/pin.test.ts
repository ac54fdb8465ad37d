import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cofferdam } from '../support/terminal.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const image = (name: string, digit = 'a') => `ghcr.io/acme/${name}@sha256:${digit.repeat(64)}`;

let directory: string;
let release: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-pin-'));
  release = join(directory, 'release.yaml');
});
afterAll(() => rmSync(directory, { recursive: true }));

function digests(name: string, files: Record<string, string>): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  for (const [component, text] of Object.entries(files)) writeFileSync(join(path, component), text);
  return path;
}

it('pin --file writes what was released, and leaves comments and what was not', async () => {
  const before = readFileSync(`${root}install/release.yaml`, 'utf8');
  writeFileSync(release, before);
  const images = digests('some', { vault: image('vault'), router: `${image('router')}\n` });
  const { status, stdout } = await cofferdam(['pin', '--file', release, '--images', images]);
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('npm run synth') });
  const text = readFileSync(release, 'utf8');
  expect(text.split('\n')[0]).toBe(before.split('\n')[0]);
  expect(parse(text).images).toEqual({
    ...parse(before).images,
    vault: image('vault'),
    router: image('router'),
  });
});

it.each([
  ['a component that release.yaml has not', { nginx: image('nginx') }, 11, 'nginx'],
  ['a tag', { vault: 'ghcr.io/acme/vault:v1' }, 11, 'sha256'],
])('pin --file refuses %s, and leaves the file as it is', async (name, files, wanted, named) => {
  writeFileSync(release, readFileSync(`${root}install/release.yaml`));
  const before = readFileSync(release, 'utf8');
  const { status, stderr } = await cofferdam(['pin', '--file', release, '--images', digests(name, files)]);
  expect({ status, stderr }).toEqual({ status: wanted, stderr: expect.stringContaining(named) });
  expect(readFileSync(release, 'utf8')).toBe(before);
});

it('pin needs no environment, and asks who opens the pull request', async () => {
  const images = digests('one', { vault: image('vault') });
  const words = ['pin', '--images', images, '--repository', root];
  expect(await cofferdam(words)).toMatchObject({
    status: 15,
    stderr: expect.stringContaining('GITHUB_TOKEN'),
  });
});
