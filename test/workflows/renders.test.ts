import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { script } from './workflows.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-renders-'));
  mkdirSync(join(directory, 'bin'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The workflow's script, for a pull request in which GitHub lists these files. */
function judge(files: readonly string[], { labeled = false, changed = files.length } = {}): number | null {
  const gh = join(directory, 'bin', 'gh');
  writeFileSync(gh, `#!/bin/bash\ncat <<'END'\n${files.join('\n')}\nEND\n`);
  chmodSync(gh, 0o755);
  const text = script('renders', 'renders-prod', 'environments/prod/rendered');
  return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text], {
    cwd: directory,
    env: {
      PATH: `${directory}/bin:${process.env['PATH']}`,
      REPOSITORY: 'cofferdam/cofferdam',
      NUMBER: '7',
      CHANGED: String(changed),
      LABELED: String(labeled),
    },
  }).status;
}

const definition = 'environments/prod/rendered/10-customresourcedefinition.paymentvaults.yaml';
const elsewhere = 'environments/staging/rendered/30-clusterrole.cofferdam-operator.yaml';

test('what prod runs changes with its release, its configuration, or a label', () => {
  expect(judge(['crds/src/payment-vault.ts', definition])).toBe(1);
  expect(judge(['crds/src/payment-vault.ts', definition], { labeled: true })).toBe(0);
  expect(judge(['environments/prod/release.yaml', definition])).toBe(0);
  expect(judge(['environments/prod/config.yaml', definition])).toBe(0);
  expect(judge(['environments/staging/config.yaml', definition])).toBe(1);
});

test('what prod does not run needs none, unless there is too much to tell', () => {
  expect(judge(['docs/promotion.md', elsewhere])).toBe(0);
  expect(judge(['docs/promotion.md'], { changed: 3001 })).toBe(1);
});
