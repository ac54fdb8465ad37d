import { isDeepStrictEqual } from 'node:util';
import { isKubeError, type KubeClient, type KubeObject } from '@cofferdam/operator/engine';
import type { ApplicationState, Deployment, HealthStatus } from '@cofferdam/promotion';
import { applyManifest, type ResourceFinder, resourceFinder } from '../demo/apply.ts';
import type { Manifest } from '../demo/manifests.ts';
import { CliError } from '../errors.ts';
import { type Health, type HealthJudge, worst } from './health.ts';
import { objectName, toPrune, wavesOf } from './waves.ts';

export interface ApplicationOptions {
  client: KubeClient;
  judge: HealthJudge;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * One environment in the cluster, as Git wants it: applied wave by wave, the next one only when the one before is
 * healthy; what is gone from Git is deleted at the end, unless it is protected.
 */
export class Application {
  readonly #options: ApplicationOptions;
  #revision: string | undefined;
  #target: readonly Manifest[] = [];
  #waves: readonly (readonly Manifest[])[] = [];
  #next = 0;
  #pruned = true;
  /** By name: whatever was applied and not deleted. */
  readonly #applied = new Map<string, Manifest>();
  #resources: ResourceFinder;
  #health: Health = { status: 'Missing', message: 'nothing was applied yet' };
  #healthSinceMs: number;
  #failed: string | undefined;
  readonly #deployments: Deployment[] = [];

  constructor(options: ApplicationOptions) {
    this.#options = options;
    this.#resources = resourceFinder(options.client, []);
    this.#healthSinceMs = options.now();
  }

  /** Git has another state: what is under way for an older one is left. */
  want(revision: string, manifests: readonly Manifest[]): void {
    this.#revision = revision;
    this.#target = manifests;
    this.#waves = wavesOf(manifests);
    this.#next = 0;
    this.#pruned = false;
    this.#resources = resourceFinder(this.#options.client, manifests);
  }

  /** Another commit, at which this environment is the same. */
  sameAt(revision: string): void {
    this.#revision = revision;
    if (this.#complete) this.#deployed();
  }

  /** Goes on as far as it can without waiting, and looks at how things are. */
  async step(): Promise<void> {
    try {
      await this.#sync();
      this.#failed = undefined;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#failed = error.message;
    }
    this.#setHealth(await this.#judge(this.#target));
  }

  /** Applies everything again: somebody has changed the cluster. */
  resync(): void {
    if (this.#complete) this.#next = 0;
  }

  async state(): Promise<ApplicationState> {
    // A wave that waits for the one before it is no difference unless its objects are.
    const outOfSync = await this.outOfSync();
    this.#setHealth(await this.#judge(this.#target));
    const { status, message } = this.#health;
    const said = this.#failed ?? (status === 'Healthy' ? undefined : message);
    return {
      sync: outOfSync.length === 0 ? 'Synced' : 'OutOfSync',
      revision: this.#revision,
      health: status,
      healthSince: new Date(this.#healthSinceMs).toISOString(),
      ...(said === undefined ? {} : { message: said }),
      deployments: [...this.#deployments],
      outOfSync,
    };
  }

  get health(): HealthStatus {
    return this.#health.status;
  }

  /** Objects that are not as Git has them: an apply would change them, or Git has them no longer. */
  async outOfSync(): Promise<string[]> {
    const wanted = new Set(this.#target.map(objectName));
    // What is protected stays where it is, and is a difference all the same.
    return [...(await this.differing()), ...[...this.#applied.keys()].filter((name) => !wanted.has(name))];
  }

  /** Objects that an apply would change, as a server-side dry run says. */
  async differing(): Promise<string[]> {
    const found = await Promise.all(
      this.#target.map(async (manifest) => ((await this.#differs(manifest)) ? [objectName(manifest)] : [])),
    );
    return found.flat();
  }

  /** Whether every wave was begun, which is when Git and the cluster may be the same. */
  get #complete(): boolean {
    return this.#next >= this.#waves.length && this.#pruned;
  }

  async #sync(): Promise<void> {
    if (this.#complete) return;
    for (; this.#next < this.#waves.length; this.#next += 1) {
      const before = this.#waves[this.#next - 1] ?? [];
      if ((await this.#judge(before)).status !== 'Healthy') return;
      for (const manifest of this.#waves[this.#next] ?? []) await this.#apply(manifest);
    }
    for (const manifest of toPrune([...this.#applied.values()], this.#target)) await this.#delete(manifest);
    this.#pruned = true;
    this.#deployed();
  }

  #deployed(): void {
    const revision = this.#revision ?? '';
    if (this.#deployments.at(-1)?.revision === revision) return;
    this.#deployments.push({ revision, deployedAt: new Date(this.#options.now()).toISOString() });
  }

  async #apply(manifest: Manifest): Promise<void> {
    const resource = await this.#resources(manifest);
    if (resource === undefined) return;
    await applyManifest(this.#options.client, resource, manifest);
    this.#applied.set(objectName(manifest), manifest);
  }

  async #delete(manifest: Manifest): Promise<void> {
    const resource = await this.#resources(manifest);
    const { namespace, name } = manifest.metadata;
    if (resource !== undefined)
      await this.#options.client.delete(resource, { ...(namespace && { namespace }), name });
    this.#applied.delete(objectName(manifest));
  }

  async #judge(manifests: readonly Manifest[]): Promise<Health> {
    const all = await Promise.all(
      manifests.map(async (manifest): Promise<Health> => {
        const resource = await this.#resources(manifest);
        const name = objectName(manifest);
        if (resource === undefined) return { status: 'Healthy', message: `${name}: not in this cluster` };
        const live = await this.#live(manifest);
        if (live === undefined) return { status: 'Missing', message: `${name} is not there` };
        const { status, message } = this.#options.judge({ ...live, kind: manifest.kind });
        return { status, message: `${name}: ${message}` };
      }),
    );
    return worst(all);
  }

  #setHealth(health: Health): void {
    if (health.status !== this.#health.status) this.#healthSinceMs = this.#options.now();
    this.#health = health;
  }

  async #live(manifest: Manifest): Promise<KubeObject | undefined> {
    const resource = await this.#resources(manifest);
    if (resource === undefined) return undefined;
    const { namespace, name } = manifest.metadata;
    try {
      return await this.#options.client.get(resource, { ...(namespace && { namespace }), name });
    } catch (error) {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    }
  }

  async #differs(manifest: Manifest): Promise<boolean> {
    const resource = await this.#resources(manifest);
    if (resource === undefined) return false;
    const live = await this.#live(manifest);
    if (live === undefined) return true;
    const wanted = await applyManifest(this.#options.client, resource, manifest, { dryRun: true });
    return !isDeepStrictEqual(comparable(live), comparable(wanted));
  }
}

/** Without what every write changes, and what only controllers write. */
function comparable(object: KubeObject): unknown {
  const { metadata, status: _, ...rest } = object as KubeObject & { status?: unknown };
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...kept } = metadata;
  return { ...rest, metadata: kept };
}
