import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSupervisor } from '../../process/index.ts';
import { freePort } from '../free-port.ts';
import { type PostgresServer, startPostgres } from './server.ts';

/**
 * A PostgreSQL of one test file: a temporary directory, a free port of 127.0.0.1. `stop()` removes all of it,
 * and so does the end of the test process, however it ends. For suites named `*.cluster.test.ts`.
 */
export async function startTestPostgres(): Promise<PostgresServer> {
  const supervisor = await createSupervisor();
  const stateDirectory = mkdtempSync(join(tmpdir(), 'cofferdam-postgres-'));
  chmodSync(stateDirectory, 0o711); // as root the server runs under another account, which has to pass
  supervisor.removeDirectoryAtEnd(stateDirectory);
  const host = '127.0.0.1';
  try {
    const server = await startPostgres({ host, port: await freePort(host), stateDirectory, supervisor });
    return {
      ...server,
      async stop() {
        await server.stop();
        await supervisor.close();
      },
    };
  } catch (error) {
    await supervisor.close();
    rmSync(stateDirectory, { recursive: true, force: true });
    throw error;
  }
}
