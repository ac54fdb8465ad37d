import { Command } from 'commander';
import { demoCommand } from './commands/demo.ts';
import { CliError } from './errors.ts';

const program = new Command('cofferdam')
  .description('Payments infrastructure as Kubernetes resources.')
  .addCommand(demoCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`cofferdam: ${error.message}\n`);
  process.exitCode = 1;
}
