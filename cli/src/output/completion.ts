import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Output } from './terminal.ts';

/** `completion <shell>` for people, and the hidden `complete -- words...` that its script calls. */
export function addCompletion(program: Command, stdout: Output): void {
  const completions = tab(program, { completionCommandName: 'completion' });
  const name = program.name();
  program.commands
    .find((command) => command.name() === 'completion')
    ?.action((shell: string) => {
      const script = printedBy(() => completions.setup(name, name, shell));
      stdout.write(shell === 'bash' ? repeatable(script, name) : script);
    });
}

/** The library prints. */
function printedBy(print: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(`${line}\n`);
  try {
    print();
  } finally {
    console.log = log;
  }
  return lines.join('');
}

/** Its script for bash has constants of everybody's names, which bash refuses to be told a second time. */
function repeatable(script: string, name: string): string {
  return script
    .replaceAll(/^readonly (?=ShellCompDirective)/gm, '')
    .replaceAll('ShellCompDirective', `__${name}_directive`);
}
