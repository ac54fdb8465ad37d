import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenIssuer, type TokenIssuer } from './token-issuer.ts';

/** Who may do what for whom, as the operator writes it. */
interface Access {
  readonly vaultId: string;
  readonly rules: readonly object[];
}

/**
 * The access file of a service and the key set that it names, as the operator mounts both.
 *
 * @returns the access file's path
 */
export function writeAccessFile(directory: string, issuer: TokenIssuer, { vaultId, rules }: Access): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'jwks.json'), issuer.jwks());
  const issuers = [{ issuer: issuer.issuer, audiences: ['cofferdam'], jwksFile: 'jwks.json' }];
  const path = join(directory, 'access.json');
  writeFileSync(path, JSON.stringify({ vaultId, issuers, rules }));
  return path;
}

/** An issuer of its own, and the access file that trusts it. */
export async function createIdentities(
  rules: Access['rules'],
  vaultId: string,
): Promise<{
  accessFile: string;
  directory: string;
  token(subject: string): Promise<string>;
}> {
  const issuer = await createTokenIssuer();
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-access-'));
  const accessFile = writeAccessFile(directory, issuer, { vaultId, rules });
  return { accessFile, directory, token: (subject) => issuer.sign({ subject }) };
}
