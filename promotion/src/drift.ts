import { type Environment, type Renderer, readEnvironment, rendered, syncedEnvironments } from './inputs.ts';
import type { ApplicationHealth, ApplicationState } from './ports/application-health.ts';
import type { LiveObjects } from './ports/live-objects.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import { sourceContent } from './source-gates.ts';

/** What is not what something else says. */
export interface Drift {
  /** `rendered`: the committed files are not what the inputs give. `live`: the cluster is not what is committed. */
  readonly between: 'rendered' | 'live';
  /** Who says so: Git alone, Argo CD about the cluster, or the cluster itself. */
  readonly source: 'git' | 'argocd' | 'cluster';
  /** A file, or an object such as `Deployment payments/payments-vault`. */
  readonly what: string;
  readonly detail: string;
}

export interface EnvironmentDrift {
  readonly environment: string;
  readonly revision: string;
  readonly drifts: readonly Drift[];
  /** Absent when nobody was asked about the cluster, as Argo CD is not about one that it does not sync. */
  readonly live?: Pick<ApplicationState, 'sync' | 'health' | 'revision'> | 'unknown';
}

export interface DriftPorts {
  readonly repository: Repository & RepositoryHistory;
  readonly render: Renderer;
  /** Absent: only what is in Git is compared. */
  readonly health?: ApplicationHealth | undefined;
  /** The cluster of the only environment that is asked about. */
  readonly cluster?: LiveObjects | undefined;
}

/**
 * Compares inputs with what is rendered, and what is rendered with what runs.
 * @throws {PromotionError} `environment_unknown`, `config_invalid`, `pin_invalid`, `health_unreachable`
 */
export async function drift(
  { repository, render, health, cluster }: DriftPorts,
  environments: readonly string[],
): Promise<EnvironmentDrift[]> {
  const revision = await repository.head();
  const synced = health && (await syncedEnvironments(repository, revision));
  return Promise.all(
    environments.map(async (name): Promise<EnvironmentDrift> => {
      const environment = await readEnvironment(repository, revision, name);
      const inGit = renderedDrift(render, environment);
      const inCluster = cluster === undefined ? [] : await clusterDrift(cluster, environment);
      const argoCd = synced?.includes(name) === false ? undefined : health;
      if (argoCd === undefined) return { environment: name, revision, drifts: [...inGit, ...inCluster] };
      const content = await sourceContent(repository, name, revision);
      const state = await argoCd.state(name, content.revisions);
      const live = state === undefined ? ('unknown' as const) : seen(state);
      const drifts = [...inGit, ...inCluster, ...syncerDrift(state, content.revisions)];
      return { environment: name, revision, drifts, live };
    }),
  );
}

/** Names of the environments at the checked-out commit, in order. */
export async function environmentNames(repository: Repository): Promise<string[]> {
  const paths = await repository.files(await repository.head(), 'environments');
  return paths.flatMap((path) => /^environments\/([^/]+)\/config\.yaml$/.exec(path)?.[1] ?? []);
}

function renderedDrift(render: Renderer, environment: Environment): Drift[] {
  const wanted = rendered(render, environment, environment.release);
  const names = [...new Set([...wanted.keys(), ...environment.rendered.keys()])].sort();
  return names.flatMap((name): Drift[] => {
    const [is, should] = [environment.rendered.get(name), wanted.get(name)];
    if (is === should) return [];
    const detail =
      is === undefined
        ? 'is missing'
        : should === undefined
          ? 'is no longer rendered'
          : 'differs from its inputs';
    return [
      { between: 'rendered', source: 'git', what: `${environment.directory}/rendered/${name}`, detail },
    ];
  });
}

async function clusterDrift(
  cluster: LiveObjects,
  { directory, rendered: files }: Environment,
): Promise<Drift[]> {
  const texts = new Map([...files].map(([name, text]) => [`${directory}/rendered/${name}`, text]));
  const found = await cluster.differences(texts);
  return found.map(({ object, detail }) => ({ between: 'live', source: 'cluster', what: object, detail }));
}

function syncerDrift(state: ApplicationState | undefined, revisions: readonly string[]): Drift[] {
  const live = (what: string, detail: string): Drift => ({ between: 'live', source: 'argocd', what, detail });
  if (state === undefined) return [live('Application', 'nothing is known of it')];
  const objects = (state.outOfSync ?? []).map((object) => live(object, 'differs from Git'));
  if (objects.length > 0) return objects;
  if (state.sync !== 'Synced') {
    return [
      live('Application', `is ${state.sync}${state.message === undefined ? '' : `: ${state.message}`}`),
    ];
  }
  if (state.revision !== undefined && revisions.includes(state.revision)) return [];
  return [
    live('Application', `is synced to ${state.revision ?? 'no revision'}, whose rendered files are others`),
  ];
}

function seen({
  sync,
  health,
  revision,
}: ApplicationState): Pick<ApplicationState, 'sync' | 'health' | 'revision'> {
  return { sync, health, revision };
}
