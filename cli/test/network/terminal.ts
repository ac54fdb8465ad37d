import { networkCommand } from '../../src/commands/network.ts';
import type { Terminal } from '../../src/output/terminal.ts';

/** What `cofferdam network explain` with these words prints and ends with. */
export async function explainWith(
  words: readonly string[],
  stdin = '',
): Promise<{ text: string; status: number }> {
  const seen = { text: '', status: -1 };
  const terminal: Terminal = {
    stdout: {
      write: (text) => {
        seen.text += text;
      },
    },
    stderr: { write: () => undefined },
    env: {},
    now: () => 0,
    readStdin: async () => stdin,
    setExitStatus: (status) => {
      seen.status = status;
    },
  };
  await networkCommand(terminal).parseAsync(['explain', ...words], { from: 'user' });
  return seen;
}
