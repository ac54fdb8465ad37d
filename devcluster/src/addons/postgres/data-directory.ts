import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Supervisor } from '../../process/index.ts';
import { randomSecret } from '../random-secret.ts';
import type { ServerAccount } from './account.ts';

/**
 * Makes the data directory when there is none, with a random superuser password, and answers that password.
 * The password's file appears last: a directory without it was not finished, and is made again.
 */
export async function ensureDataDirectory(options: {
  supervisor: Supervisor;
  initdb: string;
  account: ServerAccount;
  stateDirectory: string;
}): Promise<{ dataDirectory: string; password: string }> {
  const { supervisor, initdb, account, stateDirectory } = options;
  const dataDirectory = join(stateDirectory, 'data');
  const passwordFile = join(stateDirectory, 'superuser-password');
  if (existsSync(passwordFile)) return { dataDirectory, password: readFileSync(passwordFile, 'utf8').trim() };

  rmSync(dataDirectory, { recursive: true, force: true });
  mkdirSync(dataDirectory, { mode: 0o700 });
  const password = randomSecret();
  const draft = `${passwordFile}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${password}\n`, { mode: 0o600 });
  if (account.owner !== undefined)
    for (const path of [dataDirectory, draft]) chownSync(path, account.owner.uid, account.owner.gid);

  const [program = initdb, ...prefix] = [...account.prefix, initdb];
  const child = await supervisor.start(
    program,
    [
      ...prefix,
      ...['--pgdata', dataDirectory, '--username=postgres', `--pwfile=${draft}`, '--auth=scram-sha-256'],
      // The same order of text on every machine, whatever locales it has.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      '--no-instructions',
    ],
    { ...account.ids, env: { LC_ALL: 'C' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.process.stderr?.on('data', (text) => {
    complaint += String(text);
  });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`initdb failed: ${complaint.trim()}`);
  renameSync(draft, passwordFile);
  return { dataDirectory, password };
}
