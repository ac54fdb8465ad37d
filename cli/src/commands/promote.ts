import { Command } from 'commander';
import { EXIT_STATUS } from '../errors.ts';
import { painter, printable, type Terminal } from '../output/terminal.ts';
import { type ProposalOptions, print, promotionModules, withProposalOptions } from '../promotion/command.ts';
import { minutes } from '../promotion/minutes.ts';

interface Options extends ProposalOptions {
  from?: string;
  to: string;
  wait: boolean;
  timeout: number;
  statusOnly: boolean;
  again: boolean;
}

/** `cofferdam promote`: a pull request by which one environment runs what another has proved. */
export function promoteCommand(terminal: Terminal): Command {
  const command = new Command('promote')
    .description('Open or update the pull request by which one environment runs what another has proved.')
    .requiredOption('--to <environment>', 'the target, such as prod')
    .option('--from <environment>', 'the source; default: the one that promotion.yaml has for the target')
    .option('--wait', 'wait for the source to be synced, healthy and soaked', false)
    .option('--timeout <minutes>', 'how long --wait waits', minutes, 180)
    .option('--status-only', 'open and update nothing: say whether what is open still holds', false)
    .option('--again', 'also what the target was rolled back from', false)
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { branchOf, connect, heldBy, promote, promoteScreen, refusing } = await promotionModules();
      const { from, to, dryRun, statusOnly, again, output, repository } = options;
      const result = await refusing(async () => {
        const gated = { branch: branchOf('promote', to), dryRun };
        const { ports, config } = await connect(terminal, repository, gated);
        const wait = options.wait ? { wait: waiting(terminal, options.timeout) } : {};
        return promote(ports, config, {
          ...{ to, dryRun, statusOnly, again, ...wait },
          ...(from !== undefined && { from }),
        });
      });
      print(terminal, output, result, () => promoteScreen(result, dryRun || statusOnly, painter(terminal)));
      const held = result.outcome === 'held' ? heldBy(result.gates) : undefined;
      if (held === undefined) return;
      terminal.stderr.write(
        `cofferdam: ${printable(`${held.evidence}: ${held.next ?? 'run it again later'}`)}\n`,
      );
      terminal.setExitStatus((held.code && EXIT_STATUS[held.code]) ?? 1);
    });
  return withProposalOptions(command);
}

function waiting(terminal: Terminal, timeoutMinutes: number) {
  return {
    timeoutMs: timeoutMinutes * 60_000,
    // An App has 5,000 requests an hour, and a workflow's own token 1,000.
    intervalMs: 60_000,
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    progress: (line: string) => void terminal.stderr.write(`${printable(line)}\n`),
  };
}

const HELP = `
It reads the repository and the source, and not what started it: a run that was dropped is made up for by the next, and
a second one changes nothing and says so. The source has to be synced and healthy, with the same content for its soak
time; its images signed and attested; no error budget burning. environments/promotion.yaml has the steps.

Credentials: GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE; ARGOCD_AUTH_TOKEN; PROMETHEUS_TOKEN.

Exit status: 0 proposed, or nothing to do; 20 to 25 held by a gate; docs/promotion.md has them all.

Examples:
  cofferdam promote --from staging --to prod --dry-run
  cofferdam promote --from staging --to prod --wait --timeout 150
`;
