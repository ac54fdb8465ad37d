import { run } from '../../src/program.ts';

export interface Ran {
  stdout: string;
  stderr: string;
  status: number;
}

/** Runs a command in this process, as at a pipe: no terminal, so no colour unless `isTTY`. */
export async function cofferdam(
  words: readonly string[],
  options: { env?: Record<string, string>; stdin?: string; isTTY?: boolean; now?: number } = {},
): Promise<Ran> {
  const ran: Ran = { stdout: '', stderr: '', status: 0 };
  const into = (name: 'stdout' | 'stderr') => (text: string) => {
    ran[name] += text;
  };
  await run(words, {
    stdout: { write: into('stdout'), isTTY: options.isTTY },
    stderr: { write: into('stderr') },
    env: options.env ?? {},
    now: () => options.now ?? Date.now(),
    readStdin: async () => options.stdin ?? '',
    setExitStatus(status) {
      ran.status = status;
    },
  });
  return ran;
}
