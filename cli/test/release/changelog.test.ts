import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changelog } from '../../src/release/changelog.ts';
import { readRange } from '../../src/release/git-log.ts';
import { readImages } from '../../src/release/images.ts';

const repository = 'acme/payments';
const image = `ghcr.io/acme/vault@sha256:${'a'.repeat(64)}`;
const commit = (subject: string, body = '') => ({ revision: 'c0ffee'.padEnd(40, '0'), subject, body });
const notes = (...commits: ReturnType<typeof commit>[]) =>
  changelog({ version: 'v1.3.0', previous: 'v1.2.0', commits, images: { vault: image }, repository });
const LINK = `([c0ffee00](https://github.com/acme/payments/commit/${'c0ffee'.padEnd(40, '0')}))`;

describe('the notes of a release', () => {
  it('say what is new, fixed and faster, and count the rest', () => {
    const text = notes(
      commit('feat(vault): read tokens in bulk'),
      commit('docs: how to release'),
      commit('fix: no more than one leader'),
      commit('Merge what somebody did'),
    );
    expect(text).toBe(
      [
        `## New\n\n- **vault**: read tokens in bulk ${LINK}\n`,
        `## Fixed\n\n- no more than one leader ${LINK}\n`,
        '2 more commits [since v1.2.0](https://github.com/acme/payments/compare/v1.2.0...v1.3.0).\n',
        `## Images\n\n| component | image |\n| --- | --- |\n| vault | \`${image}\` |\n`,
        `## Verify\n\n\`\`\`sh\ngh attestation verify oci://${image} --repo acme/payments --source-ref refs/tags/v1.3.0\n\`\`\`\n`,
        'More in [docs/releasing.md](https://github.com/acme/payments/blob/v1.3.0/docs/releasing.md).\n',
      ].join('\n'),
    );
  });

  it('put first what stops working, in the words of the footer where there is one', () => {
    const text = notes(
      commit('refactor(crds)!: drop v1alpha1'),
      commit('feat: new keys', 'Why.\n\nBREAKING CHANGE: the old keys\nare gone\n\nReviewed-by: a'),
    );
    expect(text.split('\n').slice(0, 5)).toEqual([
      '## Before you upgrade',
      '',
      `- drop v1alpha1 ${LINK}`,
      `- the old keys are gone ${LINK}`,
      '',
    ]);
  });
});

describe('what a release has that the one before has not', () => {
  let directory: string;
  const git = (...args: string[]) =>
    execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: directory });
  const add = (subject: string) => git('commit', '--quiet', '--allow-empty', '--message', subject);
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cofferdam-release-'));
    await git('init', '--quiet');
    await add('feat: one');
    await git('tag', 'v1.0.0');
    await add('feat: two');
    await git('tag', 'v1.1.0-rc.1');
    await add('feat: three\n\nBREAKING CHANGE: all');
    await git('tag', 'v1.1.0');
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const range = async (version: string) => {
    const { previous, commits } = await readRange(directory, version);
    return { previous, subjects: commits.map(({ subject }) => subject) };
  };

  it('is since the release before, not since its candidates', async () => {
    expect(await range('v1.1.0')).toEqual({ previous: 'v1.0.0', subjects: ['feat: three', 'feat: two'] });
    expect(await range('v1.1.0-rc.1')).toEqual({ previous: 'v1.0.0', subjects: ['feat: two'] });
    expect((await readRange(directory, 'v1.1.0')).commits[0]?.body).toBe('BREAKING CHANGE: all');
  });

  it('is everything for the first', async () => {
    expect(await range('v1.0.0')).toEqual({ previous: undefined, subjects: ['feat: one'] });
  });

  it('is refused for a tag that is not there, with the next step', async () => {
    await expect(range('v9.0.0')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('fetch'),
    });
  });
});

describe('what was pushed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-images-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const of = (files: Record<string, string>) => {
    const path = mkdtempSync(join(directory, 'd-'));
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return readImages(path);
  };

  it('is read from one file for each component', async () => {
    expect(await of({ vault: `${image}\n` })).toEqual({ vault: image });
  });

  it.each([
    ['a tag', { vault: 'ghcr.io/acme/vault:v1' }, 'pin_invalid', 'vault: expected'],
    ['an image without a digest', { vault: 'ghcr.io/acme/vault@' }, 'pin_invalid', 'vault: expected'],
    ['what is no text at all', { vault: 'x'.repeat(9_000) }, 'pin_invalid', `"${'x'.repeat(200)}"`],
    ['an empty directory', {}, 'usage_invalid', 'no image was released'],
  ])('is refused with %s', async (_, files, code, message) => {
    await expect(of(files)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('is refused with a directory in it', async () => {
    mkdirSync(join(directory, 'nested', 'vault'), { recursive: true });
    await expect(readImages(join(directory, 'nested'))).rejects.toMatchObject({
      code: 'usage_invalid',
      message: expect.stringContaining('one file a component'),
    });
  });
});
