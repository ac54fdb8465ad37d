import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/kubelet/atomic-writer.ts';

const files = (content: Record<string, string>) =>
  new Map(Object.entries(content).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o400 }]));

describe('writeAtomically()', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cofferdam-volume-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('writes files that only their owner reads, below one link', async () => {
    expect(await writeAtomically(directory, files({ a: '1', 'b/c': '2' }))).toBe(true);
    expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('1');
    expect(readFileSync(join(directory, 'b', 'c'), 'utf8')).toBe('2');
    expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o400);
    expect(readlinkSync(join(directory, 'a'))).toBe('..data/a');
  });

  it('changes all files in one moment, and removes what is no longer there', async () => {
    await writeAtomically(directory, files({ a: '1', b: '1' }));
    const before = readlinkSync(join(directory, '..data'));
    expect(await writeAtomically(directory, files({ a: '2', c: '2' }))).toBe(true);
    expect(readlinkSync(join(directory, '..data'))).not.toBe(before);
    expect(readdirSync(directory).filter((name) => !name.startsWith('..'))).toEqual(['a', 'c']);
    expect(readdirSync(directory).filter((name) => name === before)).toEqual([]);
  });

  it('touches nothing when nothing has changed', async () => {
    await writeAtomically(directory, files({ a: '1' }));
    const before = readlinkSync(join(directory, '..data'));
    expect(await writeAtomically(directory, files({ a: '1' }))).toBe(false);
    expect(readlinkSync(join(directory, '..data'))).toBe(before);
  });
});
