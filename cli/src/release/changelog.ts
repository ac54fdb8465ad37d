export interface ReleasedCommit {
  /** 40 hex digits. */
  readonly revision: string;
  /** `type(scope): imperative`, as CONTRIBUTING.md has it; others are counted. */
  readonly subject: string;
  readonly body: string;
}

export interface Release {
  /** Such as `v1.2.3`. */
  readonly version: string;
  /** The version before it; absent: this is the first. */
  readonly previous: string | undefined;
  /** Newest first. */
  readonly commits: readonly ReleasedCommit[];
  /** Component -> image by digest. */
  readonly images: Readonly<Record<string, string>>;
  /** `owner/name` at GitHub. */
  readonly repository: string;
}

const SECTIONS = [
  ['feat', 'New'],
  ['fix', 'Fixed'],
  ['perf', 'Faster'],
] as const;

interface Entry {
  readonly type: string;
  readonly text: string;
  /** What stops working, in the author's words. */
  readonly breaking: string | undefined;
}

/** The notes of a release, in GitHub's Markdown: what it means for whoever runs it, and nothing about how it was made. */
export function changelog(release: Release): string {
  const entries = release.commits.map((commit) => entryOf(commit, release.repository));
  const breaking = entries.flatMap((entry) => entry.breaking ?? []);
  const shown = SECTIONS.map(([type, title]) =>
    section(
      title,
      entries.filter((entry) => entry.type === type).map(({ text }) => text),
    ),
  );
  const others = entries.filter(({ type }) => !SECTIONS.some(([known]) => known === type)).length;
  return [
    section('Before you upgrade', breaking),
    ...shown,
    `${others} more commits ${range(release)}.\n`,
    images(release),
    verification(release),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function entryOf({ revision, subject, body }: ReleasedCommit, repository: string): Entry {
  const link = `([${revision.slice(0, 8)}](https://github.com/${repository}/commit/${revision}))`;
  const [, type = 'other', scope, mark, what = subject] =
    /^([a-z]+)(?:\(([^)]+)\))?(!)?: (.*)$/.exec(subject) ?? [];
  const text = `${scope === undefined ? '' : `**${scope}**: `}${what} ${link}`;
  const footer = breakingFooter(body);
  const breaking = footer !== undefined || mark !== undefined ? `${footer ?? what} ${link}` : undefined;
  return { type, text, breaking };
}

function breakingFooter(body: string): string | undefined {
  const found = /^BREAKING[ -]CHANGE: /m.exec(body);
  if (found === null) return undefined;
  const [text = ''] = body.slice(found.index + found[0].length).split(/\n\n|\n(?=[A-Z][\w-]+: )/);
  return text.replaceAll('\n', ' ').trim();
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}\n`;
}

function range({ previous, version, repository }: Release): string {
  if (previous === undefined) return 'came before this first release';
  return `[since ${previous}](https://github.com/${repository}/compare/${previous}...${version})`;
}

function images({ images }: Release): string {
  const rows = Object.entries(images).map(([component, image]) => `| ${component} | \`${image}\` |`);
  return ['## Images', '', '| component | image |', '| --- | --- |', ...rows, ''].join('\n');
}

function verification({ images, repository, version }: Release): string {
  const [first] = Object.values(images);
  if (first === undefined) return '';
  return [
    '## Verify',
    '',
    '```sh',
    `gh attestation verify oci://${first} --repo ${repository} --source-ref refs/tags/${version}`,
    '```',
    '',
    `More in [docs/releasing.md](https://github.com/${repository}/blob/${version}/docs/releasing.md).`,
    '',
  ].join('\n');
}
