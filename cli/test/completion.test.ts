import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const cofferdam = (...words: string[]) =>
  execa(process.execPath, [main, ...words], { reject: false, env: { NO_COLOR: '1' } });
const suggestions = async (...words: string[]) =>
  (await cofferdam('complete', '--', ...words)).stdout.split('\n').map((line) => line.split('\t')[0]);

describe('cofferdam completion', { timeout: 60_000 }, () => {
  it('prints a script that bash takes, and refuses a shell that it does not know', async () => {
    const { stdout, exitCode } = await cofferdam('completion', 'bash');
    expect(exitCode).toBe(0);
    expect((await execa('bash', ['-n'], { input: stdout })).exitCode).toBe(0);
    // Also a second time, and after another program whose script is of the same library.
    const others = stdout
      .replaceAll('cofferdam', 'other')
      .replaceAll('__other_directive', 'ShellCompDirective');
    const sourced = await execa('bash', {
      input: [others.replaceAll(/^ShellComp/gm, 'readonly $&'), stdout, stdout].join('\n'),
    });
    expect(sourced.stderr).toBe('');
    const refused = await cofferdam('completion', 'tcsh');
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^cofferdam: .*is invalid/);
    expect(refused.stderr).toContain('Allowed choices are zsh, bash, fish, powershell');
  });

  it('completes commands, verbs, flags and the values of flags', async () => {
    expect(await suggestions('st')).toContain('status');
    expect(await suggestions('network', '')).toContain('explain');
    expect(await suggestions('why', '--')).toEqual(
      expect.arrayContaining(['--namespace', '--operator-namespace']),
    );
    expect((await suggestions('status', '-o', '')).slice(0, 3)).toEqual(['table', 'json', 'yaml']);
  });
});
