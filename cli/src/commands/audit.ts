import type { AuditRow } from '@cofferdam/contracts/audit';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { VaultConnection } from '../audit/connection.ts';
import { trailTable, verificationScreen } from '../audit/screen.ts';
import { type VaultOptions, withVaultOptions } from '../audit/vault-options.ts';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { painter, type Terminal } from '../output/terminal.ts';

interface Filters {
  from?: string;
  to?: string;
  merchant?: string;
  token?: string;
  action?: string;
}

/** `cofferdam audit`: who read which card, and whether that can be proven. */
export function auditCommand(terminal: Terminal): Command {
  return new Command('audit')
    .description('Read, keep and verify the audit trail of a vault.')
    .addCommand(withVaultOptions(withFilters(list(terminal))))
    .addCommand(withVaultOptions(withFilters(exportTrail(terminal))))
    .addCommand(withVaultOptions(exportAnchors(terminal)))
    .addCommand(withVaultOptions(verify(terminal)));
}

function withFilters(command: Command): Command {
  return command
    .option('--from <time>', 'from this time on, as 2026-11-23T00:00:00Z')
    .option('--to <time>', 'before this time')
    .option('--merchant <name>', 'of this merchant')
    .option('--token <token>', 'about this token')
    .option('--action <names>', 'these actions, such as token.revealed,reveal.refused');
}

function list(terminal: Terminal): Command {
  return new Command('list')
    .description('Show who did what to which card, when, with which key, for which payment.')
    .option('--limit <rows>', 'most rows', number, 200)
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .action(async (options: VaultOptions & Filters & { limit: number; output: OutputFormat }) => {
      const { toAuditRow } = await import('../audit/export-file.ts');
      const rows: AuditRow[] = [];
      let isCut = false;
      await withVault(terminal, options, async (vault) => {
        for await (const { lines } of vault.pages(trailPath(options))) {
          rows.push(...lines.map((line) => toAuditRow(line, 'an answer of the vault')));
          isCut = rows.length > options.limit;
          if (isCut) return;
        }
      });
      const shown = rows.slice(0, options.limit).toSorted((a, b) => a.time.localeCompare(b.time));
      const { output } = options;
      const text = () => trailTable(shown);
      terminal.stdout.write(output === 'json' ? toJson(shown) : output === 'yaml' ? toYaml(shown) : text());
      if (isCut)
        terminal.stderr.write(`There are more than ${options.limit} rows: narrow it down, or --limit.\n`);
    });
}

function exportTrail(terminal: Terminal): Command {
  return new Command('export')
    .description('Write the trail as JSON lines: a line about the export, then a row a line.')
    .requiredOption('--out <file>', 'where to; - for stdout')
    .action(async (options: VaultOptions & Filters & { out: string }) => {
      const filters = filtersOf(options);
      let rows = 0;
      await withVault(terminal, options, (vault) =>
        writeLines(terminal, options.out, async function* () {
          let isFirst = true;
          for await (const { vaultId, readAt, lines } of vault.pages(trailPath(options))) {
            const about = { vaultId, exportedAt: readAt.toISOString(), filters };
            if (isFirst) yield JSON.stringify({ export: about });
            isFirst = false;
            rows += lines.length;
            yield* lines;
          }
        }),
      );
      if (options.out !== '-') terminal.stderr.write(`${rows} rows in ${options.out}\n`);
    });
}

function exportAnchors(terminal: Terminal): Command {
  return new Command('anchors')
    .description("Write the anchors as the vault's database has them: a copy to keep elsewhere.")
    .requiredOption('--out <file>', 'where to; - for stdout')
    .action(async (options: VaultOptions & { out: string }) => {
      await withVault(terminal, options, (vault) =>
        writeLines(terminal, options.out, async function* () {
          for await (const { lines } of vault.pages('/v1/audit/anchors')) yield* lines;
        }),
      );
    });
}

function verify(terminal: Terminal): Command {
  return new Command('verify')
    .description('Hold the trail against its anchors: find whatever was altered, removed, put in or moved.')
    .option('--file <file>', 'an export; without it the vault is asked')
    .option('--anchors <file...>', 'anchors kept elsewhere: logs of the vault, or records of its audit topic')
    .option('--without-mac', 'do not ask KMS whether it made the anchors', false)
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(
      async (
        options: VaultOptions & {
          file?: string;
          anchors?: string[];
          withoutMac: boolean;
          output: OutputFormat;
        },
      ) => {
        const { verifyTrail } = await import('../audit/verify.ts');
        const { file, anchors = [], withoutMac, output } = options;
        const check = (vault: VaultConnection | undefined) =>
          verifyTrail({ file, anchors, withoutMac, vault });
        const found = await (options.vaultUrl === undefined
          ? check(undefined)
          : withVault(terminal, options, check));
        const text = () => verificationScreen(found, painter(terminal));
        terminal.stdout.write(output === 'json' ? toJson(found) : output === 'yaml' ? toYaml(found) : text());
        terminal.setExitStatus(found.holds ? 0 : 2);
      },
    );
}

async function withVault<T>(
  terminal: Terminal,
  options: VaultOptions,
  use: (vault: VaultConnection) => Promise<T>,
): Promise<T> {
  const { connectToVault } = await import('../audit/connection.ts');
  const vault = connectToVault(terminal, options);
  try {
    return await use(vault);
  } finally {
    await vault.close();
  }
}

async function writeLines(
  terminal: Terminal,
  out: string,
  lines: () => AsyncGenerator<string>,
): Promise<void> {
  if (out === '-') {
    for await (const line of lines()) terminal.stdout.write(`${line}\n`);
    return;
  }
  const { writeWholeFile } = await import('../output/whole-file.ts');
  await writeWholeFile(out, lines());
}

function filtersOf({ from, to, merchant, token, action }: Filters): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ from, to, merchant, token, action }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

function trailPath(filters: Filters): string {
  return `/v1/audit?${new URLSearchParams({ limit: '5000', ...filtersOf(filters) })}`;
}

function number(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number from 1 on.');
}

const HELP = `
A database's owner can rewrite whatever is in the database, anchors as well. What shows it are anchors that were kept
elsewhere: give the vault's logs (any line-by-line form) or the records of its audit topic with --anchors.
--vault-url asks KMS about anchors through the vault; the command that is printed asks KMS without it.

Exit status: 0 every anchored row is as it was written, 2 it is not, 3 the vault cannot be reached, 1 any other error.

Examples:
  cofferdam audit verify --vault-url https://payments-vault.payments.svc:8080 --token-file token --anchors vault.log
  cofferdam audit export --vault-url ... --token-file token --out trail.jsonl
  cofferdam audit verify --file trail.jsonl --anchors anchors.jsonl --without-mac
`;
