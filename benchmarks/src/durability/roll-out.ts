import pg from 'pg';
import { BenchError } from '../errors.ts';
import { endOf, startProgram } from '../harness/programs.ts';
import { waitUntil } from '../harness/wait.ts';
import { migrate } from '../vault/processes.ts';
import type { Ledger } from './ledger.ts';
import type { Loader } from './loader.ts';
import type { OlderCode } from './older-code.ts';
import type { Stage } from './stage.ts';

export type RollOut = {
  /** What the older code was. */
  older: string;
  /** Requests that were acknowledged while these ran. */
  olderOnItsSchema: number;
  olderAndNewer: number;
  olderAloneOnTheNewest: number;
  problems: string[];
};

type Parts = { older: OlderCode; loader: Loader; ledger: Ledger; signal: AbortSignal; requests: number };

/**
 * A release is rolled out under load, taken back and rolled out again: older code on its own schema, then on the newest,
 * beside newer code, and alone again; then newer code takes over. What was acknowledged meanwhile is checked with all the
 * rest.
 */
export async function rollOut(stage: Stage, parts: Parts): Promise<RollOut> {
  const { fleet, environment } = stage;
  const { older, ledger } = parts;
  const load = async (): Promise<number> => {
    const before = ledger.counts.acknowledged;
    await loadUntil(parts, before + parts.requests);
    return ledger.counts.acknowledged - before;
  };
  const olderOnItsSchema = await load();
  const migrating = new AbortController();
  const meanwhile = parts.loader.run(migrating.signal);
  await migrate(environment).finally(() => migrating.abort());
  await meanwhile;
  await fleet.start(1);
  const olderAndNewer = await load();
  await fleet.stop('SIGKILL', 1);
  const olderAloneOnTheNewest = await load();
  await fleet.start(1);
  // The newer one is not too old for what the older one has to refuse.
  const [problems] = await Promise.all([mustRefuse(stage, older), fleet.kill(0)]);
  return { older: older.description, olderOnItsSchema, olderAndNewer, olderAloneOnTheNewest, problems };
}

async function loadUntil({ loader, ledger, signal }: Parts, acknowledged: number): Promise<void> {
  const over = new AbortController();
  const loading = loader.run(over.signal);
  try {
    await waitUntil(() => (ledger.counts.acknowledged >= acknowledged ? true : undefined), {
      ...{ signal, timeoutMs: 120_000, everyMs: 50 },
      onTimeout: () => `${ledger.counts.acknowledged} acknowledged within 120 s, ${acknowledged} wanted`,
    });
  } finally {
    over.abort();
    await loading;
  }
}

/** Once a release has contracted the schema, code from before refuses it, and says why. */
async function mustRefuse(
  { environment, databaseUrl, vaultEnv }: Stage,
  older: OlderCode,
): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO schema_history (version, name, oldest_code) VALUES (9000, 'contract', ${older.schema + 1})`,
    );
    const { child, logFile } = await startProgram(environment.supervisor, {
      ...{ name: 'too-old', logDirectory: environment.logDirectory },
      args: [older.main, 'serve'],
      env: { ...environment.vaultEnvironment, ...vaultEnv, POD_NAME: 'too-old' },
    });
    const timer = setTimeout(() => void child.stop({ signal: 'SIGKILL' }), 60_000);
    const { code } = await child.exited;
    clearTimeout(timer);
    const wanted = `the database's schema is 9000 and needs code of schema ${older.schema + 1} or newer; this code is ${older.schema}`;
    const said = endOf(logFile);
    if (code === 1 && said.includes(wanted)) return [];
    return [`code that is too old ended with status ${code} and said: ${said}`];
  } catch (cause) {
    throw new BenchError('invalid', 'whether older code refuses the schema could not be tried', { cause });
  } finally {
    await client.query('DELETE FROM schema_history WHERE version = 9000');
    await client.end();
  }
}
