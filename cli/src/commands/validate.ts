import { Command } from 'commander';
import { CliError } from '../errors.ts';
import { readDocuments } from '../manifests/read.ts';
import { printable, type Terminal } from '../output/terminal.ts';

/** `cofferdam validate`: what the API server would refuse, without one. */
export function validateCommand(terminal: Terminal): Command {
  return new Command('validate')
    .description('Check manifests offline: what the API server would refuse, with file, line and field.')
    .requiredOption('-f, --filename <path...>', 'file, directory or - for stdin')
    .addHelpText('after', HELP)
    .action(async ({ filename }: { filename: string[] }) => {
      const { checkDocument, problemText } = await import('../validate/check.ts');
      const documents = await readDocuments(filename, terminal.readStdin);
      const checked = documents.map(checkDocument);
      const problems = checked.flatMap((one) => one.problems);
      const resources = checked.filter(({ resource }) => resource !== undefined).length;
      for (const problem of problems) terminal.stdout.write(`${printable(problemText(problem))}\n`);
      for (const warning of checked.flatMap((one) => one.warnings))
        terminal.stderr.write(`warning: ${printable(problemText(warning))}\n`);
      if (problems.length > 0) return terminal.setExitStatus(1);
      if (resources === 0) {
        throw new CliError('manifest_invalid', `no PaymentVault or PSPConnector in ${filename.join(', ')}`);
      }
      const others = documents.length - resources;
      const skipped = others === 0 ? '' : `; ${others} of other kinds not looked at`;
      terminal.stdout.write(`${resources} valid${skipped}\n`);
    });
}

const HELP = `
Exit status: 0 all valid, 1 a problem (or nothing to look at).
A change of an immutable member is seen by the API server alone: cofferdam diff -f shows it.

Examples:
  cofferdam validate -f environments/dev/rendered
  helm template . | cofferdam validate -f -
`;
