import { LabelSelector, ObjectName, Resources } from '@cofferdam/crds';
import { z } from 'zod';

const Name = z.string().min(1).max(317);
const Names = z.array(z.string().max(63)).max(64);
const Effect = z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
const Weight = z.int().min(1).max(100);

const Toleration = z.strictObject({
  key: Name.optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().max(63).optional(),
  effect: Effect.optional(),
  tolerationSeconds: z.int().min(0).optional(),
});

const NodeRequirement = z.strictObject({
  key: Name,
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: Names.optional(),
});
const NodeTerm = z.strictObject({
  matchExpressions: z.array(NodeRequirement).optional(),
  matchFields: z.array(NodeRequirement).optional(),
});

const PodTerm = z.strictObject({
  topologyKey: Name,
  labelSelector: LabelSelector.optional(),
  namespaceSelector: LabelSelector.optional(),
  namespaces: Names.optional(),
  matchLabelKeys: z.array(Name).optional(),
  mismatchLabelKeys: z.array(Name).optional(),
});
const PodAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z.array(PodTerm).optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.strictObject({ weight: Weight, podAffinityTerm: PodTerm }))
    .optional(),
});

/** As in a PodSpec. Every member is named, so that a misspelt one is told and not left out. */
const Affinity = z.strictObject({
  nodeAffinity: z
    .strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .strictObject({ nodeSelectorTerms: z.array(NodeTerm).min(1) })
        .optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.strictObject({ weight: Weight, preference: NodeTerm }))
        .optional(),
    })
    .optional(),
  podAffinity: PodAffinity.optional(),
  podAntiAffinity: PodAffinity.optional(),
});

/** Where the operator's pods run, how large they are, and who lets them have their image; as in a PodSpec. */
export const placementMembers = {
  imagePullSecrets: z
    .array(z.strictObject({ name: ObjectName }))
    .max(16)
    .optional()
    .describe("Secrets of the operator's namespace, for a registry that asks who pulls. Absent: none."),
  nodeSelector: z
    .record(Name, z.string().max(63))
    .optional()
    .describe('Labels of the nodes that its pods may run on. Absent: any.'),
  tolerations: z.array(Toleration).max(32).optional().describe('Taints that its pods accept. Absent: none.'),
  affinity: Affinity.optional().describe('Besides the spread over nodes, which always holds. Absent: none.'),
  resources: Resources.optional().describe(
    'Of the container. What is absent: requests of 100m and 192Mi, a memory limit of 512Mi.',
  ),
};
