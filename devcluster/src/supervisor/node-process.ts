import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ClusterError } from '../errors.ts';
import type { AddonContext } from './addons.ts';
import type { NodeSettings } from './node-settings.ts';
import { type Part, startPart } from './part.ts';

const main = fileURLToPath(new URL('./node-main.ts', import.meta.url));
const NAME = 'Controllers and kubelet';
const MAX_RESTARTS = 5;
const RESTART_MS = 500;

/**
 * Starts the process of the controllers and the kubelet, and starts it again when it ends by itself: all that it knows
 * is in the API server, and the pods' processes, which end with it, are its to start anew.
 */
export async function superviseNode(
  context: AddonContext,
  failed: (error: ClusterError) => void,
  settings: NodeSettings,
): Promise<{ stop(): Promise<void> }> {
  const { supervisor, runDirectory, logDirectory, env, report } = context;
  const settingsFile = join(runDirectory, 'node.json');
  writeFileSync(settingsFile, JSON.stringify(settings), { mode: 0o600 });
  const start = (): Promise<Part> =>
    startPart(supervisor, {
      name: NAME,
      args: [main, settingsFile],
      env,
      logFile: join(logDirectory, 'node.log'),
      timeoutMs: 30_000,
    });
  let stopped = false;
  report(NAME, 'working');
  let part = await start();
  report(NAME, 'ready');

  async function watch(): Promise<void> {
    for (let restarts = 0; restarts < MAX_RESTARTS; restarts += 1) {
      await part.child.exited;
      if (stopped) return;
      report(NAME, 'working', 'started again');
      await sleep(RESTART_MS);
      if (stopped) return;
      part = await start();
      report(NAME, 'ready');
    }
    await part.child.exited;
    if (!stopped)
      failed(new ClusterError('part_ended', `${NAME}: ended too often, see ${logDirectory}/node.log`));
  }
  void watch().catch((error: ClusterError) => failed(error));
  return {
    async stop() {
      stopped = true;
      await part.child.stop();
    },
  };
}
