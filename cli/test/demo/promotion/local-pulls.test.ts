import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitIn } from '../../../src/demo/promotion/git.ts';
import { commitTree } from '../../../src/demo/promotion/local-host.ts';
import { type LocalHost, localHost } from '../../../src/demo/promotion/local-pulls.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-host-'));
const git = gitIn(directory);
let host: LocalHost;

beforeAll(async () => {
  await git(['init', '--quiet', '--bare', '--initial-branch=main', '.']);
  const tree = await git(['mktree'], { input: '' });
  const first = await commitTree(git, { tree, parents: [], message: 'first', by: person });
  await git(['update-ref', 'refs/heads/main', first.revision]);
  host = localHost(directory, () => 0);
});
afterAll(() => rmSync(directory, { recursive: true }));
const person = { name: 'Ada', email: 'ada@acme.example' };

async function proposed(head: string, files: Record<string, string>): Promise<number> {
  const parent = await host.head('main');
  if (parent === undefined) throw new Error('no main');
  const commit = await host.createCommit({ parent, files: new Map(Object.entries(files)), message: head });
  await host.setBranch(head, { from: undefined, to: commit.revision });
  return (await host.open({ head, base: 'main', title: head, body: '' })).number;
}

describe('localHost()', () => {
  it('opens one pull request for a branch, and merges it as GitHub does', async () => {
    const number = await proposed('promote/prod', { 'environments/prod/release.yaml': 'a\n' });
    const again = await host.open({ head: 'promote/prod', base: 'main', title: 'another', body: '' });
    expect([again.number, again.title]).toEqual([number, 'promote/prod']);
    const merged = await host.merge(number);
    expect(await host.head('main')).toMatchObject({ revision: merged });
    expect(await git(['show', '-s', '--format=%s', merged])).toBe(
      'Merge pull request #1 from acme/promote/prod',
    );
    expect(await git(['show', 'main:environments/prod/release.yaml'])).toBe('a');
    expect(await host.findOpen({ head: 'promote/prod', base: 'main' })).toBeUndefined();
    expect(await host.head('promote/prod')).toBeUndefined();
  });

  it('merges what was proposed before main moved on, and keeps both', async () => {
    const first = await proposed('promote/staging', { 'environments/staging/release.yaml': 'b\n' });
    const second = await proposed('rollback/prod', { 'environments/prod/release.yaml': 'c\n' });
    await host.merge(first);
    await host.merge(second);
    expect(await git(['show', 'main:environments/staging/release.yaml'])).toBe('b');
    expect(await git(['show', 'main:environments/prod/release.yaml'])).toBe('c');
  });

  it('refuses to move a branch that points elsewhere by now', async () => {
    const main = await host.head('main');
    const move = { from: main?.parents[0], to: main?.revision ?? '' };
    await expect(host.setBranch('main', move)).rejects.toMatchObject({ code: 'target_moved' });
  });

  it('keeps statuses of a commit by context, newest first', async () => {
    const revision = (await host.head('main'))?.revision ?? '';
    const status = (state: 'pending' | 'success', context = 'cofferdam/promotion') =>
      host.setStatus(revision, { context, state, description: state });
    await status('pending');
    await status('success', 'check');
    await status('success');
    const found = await host.statuses(revision, 'cofferdam/promotion');
    expect(found.map(({ state }) => state)).toEqual(['success', 'pending']);
  });
});
