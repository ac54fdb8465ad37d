import { text } from 'node:stream/consumers';
import type { Terminal } from './output/terminal.ts';

/** The process that we are, as commands see it. */
export function processTerminal(): Terminal {
  // `cofferdam render ... | head` closes the pipe early: that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => Date.now(),
    readStdin: () => text(process.stdin),
    setExitStatus(status) {
      process.exitCode = status;
    },
  };
}
