import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Whether Prometheus' own tool is here; says so in one line where it is not. */
export function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('promtool is not installed: what it says of rules and configurations is not asked');
    return false;
  }
}

/**
 * Runs promtool on files that it makes.
 * @returns what it printed
 * @throws when promtool finds something wrong, with what it printed
 */
export function promtool(args: readonly string[], files: Readonly<Record<string, object>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(directory, name), stringify(content, { aliasDuplicateObjects: false }));
    }
    return execFileSync('promtool', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool ${args.join(' ')}: ${stderr ?? ''}${stdout ?? error}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
