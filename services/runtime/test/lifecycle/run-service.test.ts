import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';

const runtime = new URL('../../src/index.ts', import.meta.url).href;

/** Runs a service whose start is this code, as a process of its own. */
function start(code: string): { status: number | null; stderr: string } {
  const program = `
    import { createServer } from 'node:net';
    import { once } from 'node:events';
    import { runService, StartError } from '${runtime}';
    await runService('shop', async () => { ${code} });`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stderr };
}

describe('runService()', () => {
  it('ends with one line that names the address when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const ended = start(`await once(createServer().listen(${port}, '127.0.0.1'), 'listening');`);
    other.close();
    expect(ended).toEqual({
      status: 1,
      stderr: `shop: 127.0.0.1:${port} is taken by another process: set PORT or HOST to another\n`,
    });
  });

  it('ends with one line for a setting, and with a stack for what nobody foresaw', () => {
    expect(start(`throw new StartError('VAULT_ID is required');`)).toEqual({
      status: 1,
      stderr: 'shop: VAULT_ID is required\n',
    });
    expect(start(`throw new Error('a defect');`).stderr).toMatch(/^shop: Error: a defect\n {4}at /);
  });
});
