import type { KubeClient, KubeObject, Resource } from '@cofferdam/operator/engine';
import { RESOURCES } from '@cofferdam/operator/engine';
import { CliError } from '../errors.ts';
import type { Progress, StepState } from './progress.ts';

export const paymentVaults = custom('paymentvaults', 'PaymentVault');
export const pspConnectors = custom('pspconnectors', 'PSPConnector');

function custom(plural: string, kind: string): Resource {
  return { group: 'payments.cofferdam.dev', version: 'v1alpha1', plural, kind, namespaced: true };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export interface Observed extends KubeObject {
  spec?: { replicas?: number };
  status?: {
    observedGeneration?: number;
    conditions?: Condition[];
    readyReplicas?: number;
    updatedReplicas?: number;
  };
}

export interface Readiness {
  name: string;
  state: StepState;
  detail: string;
}

export interface WaitOptions {
  client: KubeClient;
  progress: Progress;
  /** What a custom resource says of itself; all have to be `ready`. */
  judge: (object: Observed) => Readiness;
  timeoutMs: number;
  /** Ends the waiting. */
  signal: AbortSignal;
  /** How many custom resources were applied; none of them may be missing. */
  wanted: number;
}

/**
 * Shows every resource becoming ready, until all are.
 * @throws CliError `not_ready` after `timeoutMs`, with what each one that is not ready says
 */
export async function waitUntilReady(options: WaitOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const { custom: resources, deployments } = await look(options);
    for (const { name, state, detail } of [...deployments, ...resources])
      options.progress.set(name, state, detail);
    const waiting = [...resources, ...deployments].filter(({ state }) => state !== 'ready');
    if (waiting.length === 0 && resources.length >= options.wanted) return;
    if (performance.now() > deadline) {
      const said = waiting.map(({ name, detail }) => `  ${name}: ${detail}`).join('\n');
      throw new CliError('not_ready', `not ready after ${options.timeoutMs / 1000} s:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function look({
  client,
  judge,
}: WaitOptions): Promise<{ custom: Readiness[]; deployments: Readiness[] }> {
  const [vaults, connectors, deployments] = await Promise.all([
    client.list<Observed>(paymentVaults),
    client.list<Observed>(pspConnectors),
    client.list<Observed>(RESOURCES.deployments),
  ]);
  return {
    custom: [...vaults.items, ...connectors.items].map(judge),
    deployments: deployments.items.map(deploymentReadiness),
  };
}

/**
 * Ready, or which condition says that it is not.
 * @param broker without one a vault serves, and is not Ready: it says that its topics are missing
 */
export function customReadiness(object: Observed, broker: boolean): Readiness {
  const name = `${object.kind} ${object.metadata.name}`;
  const conditions = object.status?.conditions ?? [];
  const condition = (type: string) => conditions.find((candidate) => candidate.type === type);
  if (object.status?.observedGeneration !== object.metadata.generation || conditions.length === 0) {
    return { name, state: 'waiting', detail: 'not yet seen by the operator' };
  }
  if (condition('Ready')?.status === 'True') return { name, state: 'ready', detail: 'Ready' };
  const said = condition('Ready') ?? condition('Available');
  const onlyTopics =
    !broker && condition('Available')?.status === 'True' && condition('TopicsReady')?.status === 'False';
  if (onlyTopics) return { name, state: 'ready', detail: 'Available (no broker: topics are missing)' };
  const state = condition('Stalled')?.status === 'True' ? 'failed' : 'working';
  return { name, state, detail: [said?.reason, said?.message].filter(Boolean).join(': ') };
}

function deploymentReadiness({ metadata, spec, status }: Observed): Readiness {
  const wanted = spec?.replicas ?? 1;
  const ready = Math.min(status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0);
  const name = `Deployment ${metadata.name}`;
  return { name, state: ready >= wanted ? 'ready' : 'working', detail: `${ready}/${wanted} pods ready` };
}
