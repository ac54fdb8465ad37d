import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRunDirectory } from '../../src/supervisor/run-directory.ts';

describe('makeRunDirectory()', () => {
  let state = '';
  let run = '';
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'cofferdam-run-'));
    run = join(state, 'run');
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it('removes what an earlier run left', () => {
    makeRunDirectory(run);
    mkdirSync(join(run, 'kms'));
    writeFileSync(join(run, 'kms', 'state'), '');
    makeRunDirectory(run);
    expect(readdirSync(run)).toEqual(['.cofferdam-run']);
  });

  it('takes an empty directory', () => {
    mkdirSync(run);
    makeRunDirectory(run);
    expect(readdirSync(run)).toEqual(['.cofferdam-run']);
  });

  it("keeps its hands off somebody's own directory of that name", () => {
    mkdirSync(run);
    writeFileSync(join(run, 'thesis.tex'), '');
    expect(() => makeRunDirectory(run)).toThrow(/holds files that are not of an earlier run/);
    expect(readdirSync(run)).toEqual(['thesis.tex']);
  });
});
