import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BenchError } from '../../errors.ts';

const cliMain = fileURLToPath(new URL('../../../../cli/src/main.ts', import.meta.url));

export type Audit = {
  rows: number;
  writers: number;
  anchored: number;
  foundLater: number;
  notAnchored: { rows: number };
  anchors: { kept: number };
  findings: { kind: string; message: string }[];
};

export type AuditRequest = {
  vaultUrl: string;
  caFile: string;
  /** Of an identity that may read the audit. */
  token: string;
  /** Logs of vaults, with the anchors that they published. */
  logDirectory: string;
  /** For a file. */
  directory: string;
  /** Anchors that are later than this are left out, as those of a time that a restore has taken back. */
  before?: Date;
};

/** `cofferdam audit verify`, with the anchors that the vaults' logs have kept. */
export async function verifyAudit(request: AuditRequest): Promise<Audit> {
  const anchors = join(request.directory, 'anchors.log');
  writeFileSync(anchors, keptAnchors(request).join('\n'));
  const flags = ['--vault-url', request.vaultUrl, '--ca-file', request.caFile, '--anchors', anchors];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cliMain, 'audit', 'verify', ...flags, '-o', 'json'],
    {
      env: { COFFERDAM_TOKEN: request.token },
      maxBuffer: 64 << 20,
    },
  ).catch((error: { code?: number; stdout?: string; stderr?: string }) => {
    // Status 2: there are findings.
    if (error.code === 2 && error.stdout) return { stdout: error.stdout };
    throw new BenchError('invalid', `cofferdam audit verify: ${error.stderr}`);
  });
  return JSON.parse(stdout) as Audit;
}

function keptAnchors({ logDirectory, before }: AuditRequest): string[] {
  return readdirSync(logDirectory)
    .flatMap((name) => readFileSync(join(logDirectory, name), 'utf8').split('\n'))
    .filter((line) => line.includes('cofferdam audit anchor'))
    .filter((line) => before === undefined || timeOf(line) < before.getTime());
}

function timeOf(line: string): number {
  const { time } = JSON.parse(line) as { time: string | number };
  return new Date(time).getTime();
}
