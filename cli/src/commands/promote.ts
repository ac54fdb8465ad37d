import { Command, Option } from 'commander';
import { EXIT_STATUS } from '../errors.ts';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { painter, printable, type Terminal } from '../output/terminal.ts';
import { minutes } from '../promotion/minutes.ts';

interface Options {
  from: string;
  to: string;
  wait: boolean;
  timeout: number;
  dryRun: boolean;
  statusOnly: boolean;
  again: boolean;
  repository: string;
  output: OutputFormat;
}

/** `cofferdam promote`: a pull request by which one environment runs what another has proved. */
export function promoteCommand(terminal: Terminal): Command {
  return new Command('promote')
    .description('Open or update the pull request by which one environment runs what another has proved.')
    .requiredOption('--from <environment>', 'the source, such as staging')
    .requiredOption('--to <environment>', 'the target, such as prod')
    .option('--wait', 'wait for the source to be synced, healthy and soaked', false)
    .option('--timeout <minutes>', 'how long --wait waits', minutes, 180)
    .option('--dry-run', 'write nothing, and say what would be done', false)
    .option('--status-only', 'open and update nothing: say whether what is open still holds', false)
    .option('--again', 'also what the target was rolled back from', false)
    .option('--repository <directory>', 'the clone', '.')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const [{ heldBy, promote }, { connect, refusing }, { promoteScreen }] = await Promise.all([
        import('@cofferdam/promotion'),
        import('../promotion/connect.ts'),
        import('../promotion/screen.ts'),
      ]);
      const { from, to, dryRun, statusOnly, again, output, repository } = options;
      const result = await refusing(async () => {
        const { ports, config } = await connect(terminal, repository);
        const wait = options.wait ? { wait: waiting(terminal, options.timeout) } : {};
        return promote(ports, config, { from, to, dryRun, statusOnly, again, ...wait });
      });
      const text = () => promoteScreen(result, dryRun || statusOnly, painter(terminal));
      terminal.stdout.write(
        output === 'json' ? toJson(result) : output === 'yaml' ? toYaml(result) : printable(text()),
      );
      const held = result.outcome === 'held' ? heldBy(result.gates) : undefined;
      if (held === undefined) return;
      terminal.stderr.write(
        `cofferdam: ${printable(`${held.evidence}: ${held.next ?? 'run it again later'}`)}\n`,
      );
      terminal.setExitStatus((held.code && EXIT_STATUS[held.code]) ?? 1);
    });
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
