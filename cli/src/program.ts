import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit.ts';
import { changelogCommand } from './commands/changelog.ts';
import { demoCommand } from './commands/demo.ts';
import { diffCommand } from './commands/diff.ts';
import { driftCommand } from './commands/drift.ts';
import { historyCommand } from './commands/history.ts';
import { networkCommand } from './commands/network.ts';
import { pinCommand } from './commands/pin.ts';
import { promoteCommand } from './commands/promote.ts';
import { renderCommand } from './commands/render.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { statusCommand } from './commands/status.ts';
import { upCommand } from './commands/up.ts';
import { validateCommand } from './commands/validate.ts';
import { whyCommand } from './commands/why.ts';
import { CliError, EXIT_STATUS } from './errors.ts';
import { addCompletion } from './output/completion.ts';
import { printable, type Terminal } from './output/terminal.ts';

/** What any error ends a command with, where 1 has another meaning. */
const ERROR_STATUS: Readonly<Record<string, number>> = { diff: 2 };

/**
 * Runs one command. What goes wrong is one line on stderr, with the next step.
 * @param words the command line after `cofferdam`
 */
export async function run(words: readonly string[], terminal: Terminal): Promise<void> {
  const program = new Command('cofferdam')
    .description('Payments infrastructure as Kubernetes resources.')
    .exitOverride()
    // `demo --exit` and `demo promotion --exit` are two options.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'cofferdam: ')),
    });
  const commands = [
    statusCommand,
    whyCommand,
    validateCommand,
    renderCommand,
    diffCommand,
    networkCommand,
    auditCommand,
    promoteCommand,
    rollbackCommand,
    driftCommand,
    historyCommand,
    pinCommand,
    changelogCommand,
  ];
  for (const command of [demoCommand(), upCommand(), ...commands.map((make) => make(terminal))]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const verb of command.commands) verb.copyInheritedSettings(program);
  }
  addCompletion(program, terminal.stdout);
  const status = ERROR_STATUS[words[0] ?? ''] ?? 1;
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return terminal.setExitStatus(error.exitCode && status);
    if (!(error instanceof CliError)) throw error;
    terminal.stderr.write(`cofferdam: ${printable(error.message)}\n`);
    terminal.setExitStatus(EXIT_STATUS[error.code] ?? status);
  }
}
