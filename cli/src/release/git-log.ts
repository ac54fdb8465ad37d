import { execa } from 'execa';
import { CliError } from '../errors.ts';
import type { ReleasedCommit } from './changelog.ts';

const FIELD = '\x1f';
const RECORD = '\x1e';

export interface ReleaseRange {
  /** The newest tag `v*` before this one; absent: there is none. */
  readonly previous: string | undefined;
  readonly commits: readonly ReleasedCommit[];
}

/**
 * What a tag has that the one before it has not, newest first.
 * @throws {CliError} `not_found` when there is no such tag here
 */
export async function readRange(directory: string, version: string): Promise<ReleaseRange> {
  const git = (...args: string[]) => execa('git', args, { cwd: directory, reject: false });
  const known = await git('rev-parse', '--verify', '--quiet', `refs/tags/${version}^{commit}`);
  if (known.exitCode !== 0) {
    throw new CliError(
      'not_found',
      `there is no tag ${version} here: \`git fetch --tags\`, and run it again`,
    );
  }
  // A release candidate comes before its release, and is not what people upgrade from.
  const exclude = version.includes('-') ? [] : ['--exclude', '*-*'];
  const before = await git('describe', '--tags', '--abbrev=0', '--match', 'v*', ...exclude, `${version}^`);
  const previous = before.exitCode === 0 ? before.stdout.trim() : undefined;
  const range = previous === undefined ? version : `${previous}..${version}`;
  const log = await git('log', '--no-merges', `--format=%H${FIELD}%s${FIELD}%b${RECORD}`, range);
  if (log.exitCode !== 0) throw new CliError('request_failed', `git log ${range}: ${log.stderr}`);
  return { previous, commits: parse(log.stdout) };
}

function parse(text: string): ReleasedCommit[] {
  return text
    .split(RECORD)
    .map((record) => record.trim().split(FIELD))
    .filter(([revision]) => revision !== undefined && revision !== '')
    .map(([revision = '', subject = '', body = '']) => ({ revision, subject, body: body.trim() }));
}
