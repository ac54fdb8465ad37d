import { z } from 'zod';
import { isBlock } from './cidr.ts';
import type { Pod, Policy, World } from './world.ts';

const Labels = z.record(z.string(), z.string());
const Metadata = z.object({
  name: z.string(),
  namespace: z.string().default('default'),
  labels: Labels.optional(),
});
const PodSpec = z.object({
  containers: z
    .array(
      z.object({
        ports: z
          .array(
            z.object({
              name: z.string().optional(),
              containerPort: z.number(),
              protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
            }),
          )
          .optional(),
      }),
    )
    .default([]),
});
const PodObject = z.object({
  metadata: Metadata,
  spec: PodSpec,
  status: z.object({ podIP: z.string().optional() }).optional(),
});
const Workload = z.object({
  metadata: Metadata,
  spec: z.object({
    template: z.object({ metadata: z.object({ labels: Labels.optional() }).optional(), spec: PodSpec }),
  }),
});
const Namespace = z.object({ metadata: Metadata });
const Block = z.string().refine(isBlock, { error: 'is not a CIDR block' });
const Peers = z
  .array(z.looseObject({ ipBlock: z.object({ cidr: Block, except: z.array(Block).optional() }).optional() }))
  .optional();
/** What cannot be evaluated is refused; the rest of a policy is for the API server to check. */
const NetworkPolicy = z.object({
  metadata: Metadata,
  spec: z
    .looseObject({
      ingress: z.array(z.looseObject({ from: Peers })).optional(),
      egress: z.array(z.looseObject({ to: Peers })).optional(),
    })
    .default({}),
});

const WORKLOADS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
]);

/**
 * Pods, namespaces and policies among any Kubernetes objects; others are passed over. A workload counts as one
 * pod under the workload's name.
 * @throws {z.ZodError} when an object is not what its kind says.
 */
export function worldOf(objects: readonly { kind?: unknown }[]): { world: World; pods: Pod[] } {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  return {
    world: {
      namespaces: Object.fromEntries(
        of('Namespace').map((object) => {
          const { metadata } = Namespace.parse(object);
          return [metadata.name, metadata.labels ?? {}];
        }),
      ),
      policies: of('NetworkPolicy').map((object) => NetworkPolicy.parse(object) as Policy),
    },
    pods: [
      ...of('Pod').map((object): Pod => {
        const { metadata, spec, status } = PodObject.parse(object);
        const address = status?.podIP;
        return { ...podOf(metadata, metadata.labels, spec), ...(address === undefined ? {} : { address }) };
      }),
      ...objects
        .filter(({ kind }) => typeof kind === 'string' && WORKLOADS.has(kind))
        .map((object): Pod => {
          const { metadata, spec } = Workload.parse(object);
          return podOf(metadata, spec.template.metadata?.labels, spec.template.spec);
        }),
    ],
  };
}

function podOf(
  { namespace, name }: z.infer<typeof Metadata>,
  labels: Record<string, string> = {},
  { containers }: z.infer<typeof PodSpec>,
): Pod {
  const ports = containers.flatMap(({ ports: declared = [] }) =>
    declared.flatMap(({ name: portName, containerPort, protocol = 'TCP' }) =>
      portName === undefined ? [] : [{ name: portName, port: containerPort, protocol }],
    ),
  );
  return { namespace, name, labels, ports };
}
