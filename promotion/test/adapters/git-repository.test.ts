import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitRepository } from '../../src/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-git-'));
const git = (...words: string[]) =>
  execaSync('git', ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words])
    .stdout;
const commit = (subject: string, files: Record<string, string>) => {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
  git('add', '--all');
  git('commit', '--quiet', '--message', subject);
  return git('rev-parse', 'HEAD');
};
const repository = gitRepository(directory);
const revisions: string[] = [];

beforeAll(() => {
  git('init', '--quiet', '--initial-branch', 'main');
  execaSync('mkdir', ['-p', join(directory, 'environments/prod')]);
  revisions.push(commit('one', { 'environments/prod/release.yaml': 'a\n', 'README.md': 'x\n' }));
  revisions.push(commit('two (#2)', { 'README.md': 'y\n' }));
  git('checkout', '--quiet', '-b', 'work');
  commit('in a pull request', { 'environments/prod/release.yaml': 'b\n' });
  git('checkout', '--quiet', 'main');
  git('merge', '--quiet', '--no-ff', '--message', 'Merge pull request #3 from acme/work', 'work');
  revisions.push(git('rev-parse', 'HEAD'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('a clone', () => {
  const path = 'environments/prod/release.yaml';
  const at = (index: number) => revisions[index] ?? '';

  it('reads files at revisions', async () => {
    expect(await repository.head()).toBe(at(2));
    expect(await repository.read(at(0), path)).toBe('a\n');
    expect(await repository.read(at(2), path)).toBe('b\n');
    expect(await repository.read(at(2), 'environments/prod/none')).toBeUndefined();
    expect(await repository.files(at(2), 'environments')).toEqual([path]);
    expect(await repository.files(at(2), 'nowhere')).toEqual([]);
    expect(await repository.texts(at(2), 'nowhere')).toEqual(new Map());
    const odd = commit('odd', {
      'environments/prod/empty': '',
      'environments/prod/odd': 'ä\n\nx blob 3\nno end',
    });
    expect(await repository.texts(odd, 'environments/prod')).toEqual(
      new Map([
        ['environments/prod/empty', ''],
        ['environments/prod/odd', 'ä\n\nx blob 3\nno end'],
        [path, 'b\n'],
      ]),
    );
    git('reset', '--quiet', '--hard', at(2));
  });

  it('has only what came onto the branch in its log, merges included', async () => {
    const log = await repository.log(at(2), ['environments/prod/release.yaml'], 10);
    expect(log.map(({ revision, subject, author }) => ({ revision, subject, author }))).toEqual([
      { revision: at(2), subject: 'Merge pull request #3 from acme/work', author: 'Ada' },
      { revision: at(0), subject: 'one', author: 'Ada' },
    ]);
    expect(await repository.between(at(0), at(2))).toEqual([at(2), at(1), at(0)]);
    expect(await repository.contains(at(2), at(0))).toBe(true);
    expect(await repository.contains(at(0), at(2))).toBe(false);
    expect(await repository.contains(at(0), '1'.repeat(40))).toBe(false);
  });

  it('knows equal content by its id', async () => {
    expect(await repository.objectId(at(0), 'environments/prod')).toBe(
      await repository.objectId(at(1), 'environments/prod'),
    );
    expect(await repository.objectId(at(0), 'environments/prod')).not.toBe(
      await repository.objectId(at(2), 'environments/prod'),
    );
  });

  it('computes the tree of changed files, and touches neither index nor work tree', async () => {
    const files = new Map([
      [path, 'a\n'],
      ['README.md', undefined],
      ['new/file', 'z'],
    ]);
    const tree = await repository.treeWith(at(2), files);
    expect(git('ls-tree', '-r', '--name-only', tree).split('\n')).toEqual([path, 'new/file']);
    expect(await repository.changedPaths()).toEqual([]);
    expect(await repository.treeWith(at(0), new Map([['README.md', 'y\n']]))).toBe(
      git('rev-parse', `${at(1)}^{tree}`),
    );
  });

  it('says what is not committed', async () => {
    writeFileSync(join(directory, 'README.md'), 'z\n');
    writeFileSync(join(directory, 'stray file'), '');
    expect(await repository.changedPaths()).toEqual(['README.md', 'stray file']);
    git('checkout', 'README.md');
    rmSync(join(directory, 'stray file'));
  });

  it('refuses a shallow clone, and a directory that is in none', async () => {
    const shallow = join(directory, '.git', 'shallow-clone');
    git('clone', '--quiet', '--depth', '1', `file://${directory}`, shallow);
    await expect(gitRepository(shallow).log('HEAD', ['README.md'], 1)).rejects.toMatchObject({
      code: 'clone_shallow',
    });
    await expect(gitRepository(tmpdir()).head()).rejects.toMatchObject({
      code: 'clone_unreadable',
      message: expect.stringContaining('--repository'),
    });
  });

  it('tells a commit that it has not from a file that is not there', async () => {
    const unknown = '1'.repeat(40);
    expect(await repository.has(unknown)).toBe(false);
    expect(await repository.has(at(0))).toBe(true);
    const refused = { code: 'clone_unreadable' };
    await expect(repository.read(unknown, path)).rejects.toMatchObject(refused);
    await expect(repository.files(unknown, 'environments')).rejects.toMatchObject(refused);
    await expect(repository.texts(unknown, 'environments')).rejects.toMatchObject(refused);
    await expect(repository.objectId(unknown, path)).rejects.toMatchObject(refused);
    await expect(repository.contains(unknown, at(0))).rejects.toMatchObject(refused);
    // A directory is there, and no file.
    await expect(repository.read(at(0), 'environments/prod')).rejects.toMatchObject(refused);
  });

  it('does not take a file that git has lost for one that is not there', async () => {
    const damaged = join(directory, '.git', 'damaged');
    git('clone', '--quiet', '--no-hardlinks', directory, damaged);
    const blob = git('rev-parse', `${at(2)}:${path}`);
    rmSync(join(damaged, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
    const clone = gitRepository(damaged);
    const refused = { code: 'clone_unreadable', message: expect.stringContaining('git fsck') };
    await expect(clone.read(at(2), path)).rejects.toMatchObject(refused);
    await expect(clone.texts(at(2), 'environments')).rejects.toMatchObject(refused);
    expect(await clone.read(at(2), 'environments/prod/none')).toBeUndefined();
  });

  it('takes no option for a revision', async () => {
    await expect(repository.log('--output=x', ['README.md'], 1)).rejects.toThrow('is no name of a commit');
  });
});
