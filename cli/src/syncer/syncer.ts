import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplicationHealth, Branches, Repository } from '@cofferdam/promotion';
import { type Manifest, parseManifests } from '../demo/manifests.ts';
import { Application, type ApplicationOptions } from './application.ts';

export interface SyncerOptions extends ApplicationOptions {
  repository: Repository;
  host: Pick<Branches, 'head'>;
  /** The branch that is followed. */
  branch: string;
  environments: readonly string[];
  /** Default 1000. */
  intervalMs?: number;
  /** How often what runs is compared with Git, and put right. Default 10000. */
  compareMs?: number;
  /** Told of what it cannot do, with the environment or the branch; it tries again at the next interval. */
  onError?: (what: string, error: Error) => void;
}

export interface Syncer extends ApplicationHealth {
  stop(): Promise<void>;
}

/**
 * Stands in for Argo CD: makes a cluster what `environments/<env>/rendered` is on a branch, keeps it so, and says how
 * it is.
 */
export function startSyncer(options: SyncerOptions): Syncer {
  const { environments, intervalMs = 1_000 } = options;
  const followed = new Map(environments.map((name) => [name, follow(name, options)]));
  const ending = new AbortController();

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        const head = await options.host.head(options.branch);
        // No step waits for anything in the cluster: an environment that is stuck holds up no other.
        if (head !== undefined)
          await Promise.all([...followed.values()].map(({ look }) => look(head.revision)));
      } catch (error) {
        options.onError?.(options.branch, error as Error);
      }
      await sleep(intervalMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  const running = loop();
  return {
    async state(environment) {
      return followed.get(environment)?.application.state();
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}

function follow(environment: string, options: SyncerOptions) {
  const { repository, compareMs = 10_000, onError } = options;
  const application = new Application(options);
  const path = `environments/${environment}/rendered`;
  let seen: string | undefined;
  let tree: string | undefined;
  let comparedMs = performance.now();

  async function look(head: string): Promise<void> {
    try {
      if (head !== seen) {
        const found = await repository.objectId(head, path);
        if (found === tree) application.sameAt(head);
        else application.want(head, await manifestsAt(repository, head, path));
        [seen, tree] = [head, found];
      }
      if (performance.now() - comparedMs > compareMs) {
        if ((await application.differing()).length > 0) application.resync();
        comparedMs = performance.now();
      }
      await application.step();
    } catch (error) {
      onError?.(environment, error as Error);
    }
  }
  return { application, look };
}

async function manifestsAt(repository: Repository, revision: string, path: string): Promise<Manifest[]> {
  const files = await repository.files(revision, path);
  const texts = await Promise.all(files.map((file) => repository.read(revision, file)));
  return files.flatMap((file, index) => parseManifests(file, texts[index] ?? ''));
}
