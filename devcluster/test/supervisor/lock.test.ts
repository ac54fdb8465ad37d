import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/supervisor/lock.ts';

describe('acquireLock()', () => {
  let directory = '';
  let file = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cofferdam-lock-'));
    file = join(directory, 'cluster.lock');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is taken once, and free when given back', () => {
    const release = acquireLock(file, '/state/kubeconfig');
    expect(() => acquireLock(file, '/state/kubeconfig')).toThrow(
      expect.objectContaining({
        code: 'cluster_running',
        message: expect.stringMatching(new RegExp(`process ${process.pid}.*KUBECONFIG=/state/kubeconfig`)),
      }),
    );
    release();
    acquireLock(file, '/state/kubeconfig')();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('one of a process that has gone is no obstacle', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    writeFileSync(file, JSON.stringify({ pid: child.pid, identity: '1', kubeconfig: '', startedAt: '' }));
    acquireLock(file, '/state/kubeconfig');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('one whose process id belongs to another program by now is no obstacle', () => {
    const recycled = { pid: process.pid, identity: 'started at another time', kubeconfig: '', startedAt: '' };
    writeFileSync(file, JSON.stringify(recycled));
    expect(acquireLock(file, '/state/kubeconfig')).toBeTypeOf('function');
  });

  it.each(['', '{"pid":', 'null', '{}', '{"pid":1}', '[]'])('one that holds %j is no obstacle', (text) => {
    writeFileSync(file, text);
    expect(acquireLock(file, '/state/kubeconfig')).toBeTypeOf('function');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('a directory in its place is an error, not an endless wait', () => {
    mkdirSync(file);
    expect(() => acquireLock(file, '/state/kubeconfig')).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  });
});
