import { type Condition, withCondition } from './conditions.ts';

/** What is left of one kind in a namespace that is being emptied. */
export type Remains = { plural: string; group: string; count: number; finalizers: string[] };

/** The conditions by which a Namespace says why it is still there: type, reason and message of Kubernetes. */
export function namespaceConditions(
  before: Condition[] | undefined,
  remains: Remains[],
  now: Date,
): Condition[] {
  const content = remains
    .filter(({ count }) => count > 0)
    .map(({ plural, group, count }) => `${plural}.${group} has ${count} resource instances`)
    .sort();
  const held = new Map<string, number>();
  for (const finalizer of remains.flatMap(({ finalizers }) => finalizers)) {
    held.set(finalizer, (held.get(finalizer) ?? 0) + 1);
  }
  const finalizers = [...held]
    .sort()
    .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const verdicts: Condition[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    content.length === 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${content.join(', ')}`,
        },
    finalizers.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        },
  ];
  return verdicts.reduce<Condition[]>((all, verdict) => withCondition(all, verdict, now), before ?? []);
}
