import { AnchorVerdict } from '@cofferdam/contracts';
import {
  type AnchorCheck,
  type AuditAnchor,
  type AuditReport,
  type AuditRow,
  AuditVerifier,
  anchorContext,
  judgeAnchors,
} from '@cofferdam/contracts/audit';
import { CliError } from '../errors.ts';
import { anchorIn } from './anchor-lines.ts';
import type { VaultConnection } from './connection.ts';
import { type ExportHeader, fileLines, fileRows, readHeader, toAuditRow } from './export-file.ts';

export interface VerifyRequest {
  /** An export; without it the vault is asked for its trail. */
  file: string | undefined;
  /** Files with anchors that were kept outside the database. */
  anchors: readonly string[];
  vault: VaultConnection | undefined;
  /** Take anchors on trust from where they were kept. */
  withoutMac: boolean;
}

export interface Verification extends AuditReport {
  vaultId: string;
  /** When the rows were read, by the vault's clock. */
  readAt: string;
  anchors: {
    given: number;
    /** Kept outside the database, that is in `--anchors`. */
    kept: number;
    proven: number;
    /** Made under a KMS key of before, and named by no newer one. */
    unchecked: number;
    /** Named, and older than the first that was given. */
    before: number;
    /** Lines with an anchor that is damaged. */
    unreadable: number;
    /** How many MACs KMS was asked about; undefined when none. */
    macs: number | undefined;
  };
  /** How to ask KMS oneself about the newest anchor. */
  kmsCommand: string | undefined;
}

/** Holds a trail against its anchors. @throws {CliError} */
export async function verifyTrail(request: VerifyRequest): Promise<Verification> {
  const { file, vault, withoutMac } = request;
  const kept = await keptAnchors(request.anchors);
  // Before the rows: what these name is committed, and must then be among them.
  const served = vault ? await servedAnchors(vault) : [];
  const header = file === undefined ? undefined : await wholeTrail(file);
  const source = header ? undefined : await openTrail(vault);
  const { vaultId, readAt } = header ? { ...header, readAt: new Date(header.exportedAt) } : orThrow(source);

  const check = withoutMac ? undefined : checkBy(vault);
  const judged = await judgeAnchors([...kept.anchors, ...served], { vaultId, check });
  const verifier = new AuditVerifier({
    anchors: judged.authentic,
    exportedAt: readAt,
    readBefore: new Set(header ? [] : served.map(({ hash }) => hash)),
  });
  for await (const row of file === undefined ? orThrow(source).rows : fileRows(file)) verifier.row(row);
  const report = verifier.finish();
  const findings = [...judged.findings, ...report.findings];
  const newest = judged.authentic.at(-1);
  return {
    ...report,
    vaultId,
    readAt: readAt.toISOString(),
    holds: findings.length === 0,
    findings,
    anchors: {
      given: new Set([...kept.anchors, ...served].map(({ hash }) => hash)).size,
      kept: kept.anchors.length,
      proven: judged.authentic.length,
      unchecked: judged.unchecked.length,
      before: judged.before,
      unreadable: kept.unreadable,
      macs: check ? judged.macs : undefined,
    },
    kmsCommand: newest && kmsCommand(newest),
  };
}

async function keptAnchors(
  files: readonly string[],
): Promise<{ anchors: AuditAnchor[]; unreadable: number }> {
  const anchors: AuditAnchor[] = [];
  let unreadable = 0;
  for (const file of files) {
    for await (const line of fileLines(file)) {
      const anchor = anchorIn(line);
      if (anchor === 'unreadable') unreadable++;
      else if (anchor) anchors.push(anchor);
    }
  }
  return { anchors, unreadable };
}

async function servedAnchors(vault: VaultConnection): Promise<AuditAnchor[]> {
  const anchors: AuditAnchor[] = [];
  for await (const { lines } of vault.pages('/v1/audit/anchors')) {
    for (const line of lines) {
      const anchor = anchorIn(line);
      if (anchor !== undefined && anchor !== 'unreadable') anchors.push(anchor);
    }
  }
  return anchors;
}

async function wholeTrail(file: string): Promise<ExportHeader> {
  const header = await readHeader(file);
  const filters = Object.keys(header.filters);
  if (filters.length === 0) return header;
  throw new CliError(
    'usage_invalid',
    `${file} was exported with --${filters.join(', --')}: only a whole trail can be verified`,
  );
}

async function openTrail(vault: VaultConnection | undefined) {
  if (!vault)
    throw new CliError('usage_invalid', 'give an export with --file, or name the vault with --vault-url');
  const pages = vault.pages('/v1/audit?limit=5000');
  const first = await pages.next();
  if (first.done) return undefined;
  const { vaultId, readAt } = first.value;
  async function* rows(lines: readonly string[]): AsyncGenerator<AuditRow> {
    for (const line of lines) yield toAuditRow(line, 'an answer of the vault');
    for await (const page of pages)
      for (const line of page.lines) yield toAuditRow(line, 'an answer of the vault');
  }
  return { vaultId, readAt, rows: rows(first.value.lines) };
}

function checkBy(vault: VaultConnection | undefined): AnchorCheck {
  if (!vault) {
    throw new CliError(
      'usage_invalid',
      'whether KMS made the anchors can be asked through a vault (--vault-url) or by yourself; --without-mac takes them on trust from where you kept them, and prints how to ask KMS',
    );
  }
  return async (anchor) => AnchorVerdict.parse(await vault.post('/v1/audit/anchor-checks', anchor)).verdict;
}

/** For whoever trusts no vault either, and has the right to decrypt with this context. */
function kmsCommand(anchor: AuditAnchor): string {
  const context = Object.entries(anchorContext(anchor)).map(([name, value]) => `${name}=${value}`);
  const blob = Buffer.from(anchor.mac, 'base64url').toString('base64');
  return `aws kms decrypt --key-id <ARN of the vault's key> --ciphertext-blob ${blob} --encryption-context ${context.join(',')} --query KeyId`;
}

function orThrow<T>(value: T | undefined): T {
  if (value === undefined) throw new CliError('request_failed', 'the vault answered with nothing');
  return value;
}
