import { type KubeObject, keyOf, RESOURCES } from '@cofferdam/operator/engine';
import {
  type ControllerContext,
  itself,
  type Running,
  read,
  startController,
  writeStatus,
} from './controller.ts';
import { planDisruptionStatus } from './disruption-plan.ts';
import type { Pod, PodDisruptionBudget } from './objects.ts';
import { selects } from './selector.ts';

/** Keeps the counts in the status of PodDisruptionBudgets. */
export function startDisruptionController(context: ControllerContext): Running {
  const { podDisruptionBudgets, pods } = RESOURCES;
  const budgetsOf = (pod: KubeObject): string[] =>
    context.watches
      .of<PodDisruptionBudget>(podDisruptionBudgets)
      .store.list()
      .filter(
        ({ metadata, spec }) =>
          metadata.namespace === pod.metadata.namespace && selects(spec.selector ?? {}, pod.metadata.labels),
      )
      .map(keyOf);
  const sources = [
    { resource: podDisruptionBudgets, keys: itself },
    { resource: pods, keys: budgetsOf },
  ];
  return startController(context, 'disruption', sources, async (namespace, name) => {
    const budget = await read<PodDisruptionBudget>(context.client, podDisruptionBudgets, namespace, name);
    if (budget === undefined) return undefined;
    const { items } = await context.client.list<Pod>(pods, { namespace });
    const selected = items.filter((pod) => selects(budget.spec.selector ?? {}, pod.metadata.labels));
    await writeStatus(
      context,
      podDisruptionBudgets,
      budget,
      planDisruptionStatus(budget, selected, context.now()),
    );
    return undefined;
  });
}
