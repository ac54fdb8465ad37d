import { type KubeObject, RESOURCES } from '@cofferdam/operator/engine';
import { type Pod, type World, worldOf } from '@cofferdam/operator/network';
import { z } from 'zod';
import type { Cluster } from '../cluster/connect.ts';
import { CliError } from '../errors.ts';
import { readDocuments } from '../manifests/read.ts';
import { isOurs } from '../manifests/resource.ts';
import { planResources, type RenderFacts } from '../render/plan.ts';
import { checkDocument, problemText } from '../validate/check.ts';

export interface NetworkView {
  world: World;
  pods: Pod[];
}

/** Pods, workloads, namespaces and policies that a cluster has now. */
export async function networkOfCluster({ client }: Cluster): Promise<NetworkView> {
  const { pods, deployments, namespaces, networkPolicies } = RESOURCES;
  const lists = await Promise.all(
    [pods, deployments, namespaces, networkPolicies].map(async (resource) => {
      const { items } = await client.list<KubeObject>(resource);
      // The items of a list leave out their kind.
      return items.map((item) => ({ ...item, kind: resource.kind }));
    }),
  );
  return read(lists.flat());
}

/**
 * The same of manifests, and of what the operator makes of the PaymentVaults and PSPConnectors among them.
 * @throws CliError `manifest_invalid` when one of ours is not valid
 */
export async function networkOfFiles(options: {
  paths: readonly string[];
  namespace: string;
  readStdin: () => Promise<string>;
  facts: RenderFacts;
}): Promise<NetworkView> {
  const { paths, namespace, readStdin, facts } = options;
  const documents = await readDocuments(paths, readStdin);
  const checked = documents.map(checkDocument);
  const problems = checked.flatMap((one) => one.problems);
  if (problems.length > 0) {
    throw new CliError('manifest_invalid', `not valid:\n${problems.map(problemText).join('\n')}`);
  }
  const located = <T extends { metadata?: { namespace?: string | undefined } | undefined }>(object: T) => ({
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata?.namespace ?? namespace },
  });
  const resources = checked.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  const others = documents
    .map(({ document }): KubeObject => document.toJS())
    .filter((object) => !isOurs(object))
    .map(located);
  const children = planResources(
    resources.map((resource) => ({ ...resource, metadata: located(resource).metadata })),
    facts,
  ).flatMap(({ manifests }) => manifests.map(({ object }) => object));
  return read([...others, ...children]);
}

function read(objects: readonly KubeObject[]): NetworkView {
  try {
    return worldOf(objects);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [{ path = [], message = '' } = {}] = error.issues;
    throw new CliError(
      'manifest_invalid',
      `a pod, workload or policy is not valid: ${path.join('.')}: ${message}`,
      error,
    );
  }
}
