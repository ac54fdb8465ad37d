import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccountsFile } from '@cofferdam/contracts';
import { type Logger, ProblemError, type WatchedFile, watchFile } from '@cofferdam/runtime';
import type { Credentials, PspAdapter } from './psp/port.ts';

export type Account = AccountsFile['accounts'][number];

/** Accounts and their credentials, as the mounted files say at this moment. */
export interface Accounts {
  list(): readonly Account[];
  /**
   * The account that may charge for the merchant.
   * @throws {ProblemError} account_not_allowed
   */
  forMerchant(name: string, merchant: string): Account;
  /** @throws {CredentialsMissing} */
  credentials(account: Account): Promise<Credentials>;
  close(): void;
}

/** Names the account and the key, never a value. */
export class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
  readonly kind: 'missing' | 'invalid';

  constructor(kind: 'missing' | 'invalid', message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface AccountsOptions {
  /** ACCOUNTS_FILE. */
  readonly path: string;
  /** ACCOUNTS_DIR. */
  readonly directory: string;
  readonly adapter: Pick<PspAdapter, 'table' | 'credentialsProblem'>;
  readonly logger: Logger;
}

/** Reads ACCOUNTS_FILE and follows its changes. @throws when it is missing or malformed at the start */
export async function loadAccounts(options: AccountsOptions): Promise<Accounts> {
  const file: WatchedFile<AccountsFile> = await watchFile(
    options.path,
    (content) => AccountsFile.parse(JSON.parse(content)),
    { logger: options.logger },
  );
  return {
    list: () => file.current().accounts,
    forMerchant: (name, merchant) => {
      const account = file.current().accounts.find((candidate) => candidate.name === name);
      if (account?.merchants.includes(merchant)) return account;
      throw new ProblemError('account_not_allowed', {
        detail: `This connector has no account ${name} that names the merchant ${merchant}.`,
      });
    },
    credentials: (account) => readCredentials(account, options),
    close: () => file.close(),
  };
}

/**
 * Read at every use, from memory-backed files: a rotated credential counts from the next charge on. A key that cannot be
 * read, because the Secret is replaced at this moment, counts as missing: nothing has been sent yet.
 */
async function readCredentials(account: Account, options: AccountsOptions): Promise<Credentials> {
  const directory = join(options.directory, account.directory);
  const keys = options.adapter.table.credentialKeys;
  const values = await Promise.all(
    keys.map((key) => readFile(join(directory, key), 'utf8').catch(() => undefined)),
  );
  const absent = keys.filter((_key, index) => values[index] === undefined);
  if (absent.length > 0) {
    throw new CredentialsMissing(
      'missing',
      `the Secret of account ${account.name} lacks ${absent.join(', ')}`,
    );
  }
  const credentials = Object.fromEntries(keys.map((key, index) => [key, values[index]?.trim() ?? '']));
  const problem = options.adapter.credentialsProblem(credentials);
  if (problem !== undefined) throw new CredentialsMissing('invalid', `account ${account.name}: ${problem}`);
  return credentials;
}
