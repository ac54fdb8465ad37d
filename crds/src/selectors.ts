import { z } from 'zod';
import { withRules } from './schema-rules.ts';

const LabelKey = z.string().min(1).max(317);
const LabelValue = z.string().max(63);

/** As in NetworkPolicy; an empty one selects everything. */
export const LabelSelector = z.strictObject({
  matchLabels: z
    .record(LabelKey, LabelValue)
    .meta({ maxProperties: 16 })
    .optional()
    .describe('Labels that must all be there with these values.'),
  matchExpressions: z
    .array(
      z.strictObject({
        key: LabelKey,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(LabelValue).max(16).optional(),
      }),
    )
    .max(16)
    .optional(),
});
export type LabelSelector = z.infer<typeof LabelSelector>;

export const Cidr = z
  .string()
  .max(43)
  .regex(/^([0-9]{1,3}\.){3}[0-9]{1,3}\/[0-9]{1,2}$|^[0-9a-fA-F:.]+\/[0-9]{1,3}$/)
  .meta({ format: 'cidr' });

const peerMembers = {
  cidr: Cidr.optional().describe('Addresses outside the cluster, such as `10.0.0.0/16`.'),
  podSelector: LabelSelector.optional().describe(
    'Pods of this namespace, or of those that namespaceSelector selects.',
  ),
  namespaceSelector: LabelSelector.optional().describe('Namespaces; all their pods without podSelector.'),
};

/** One end of a connection, in the words of NetworkPolicy. */
export const NetworkPeer = withRules(z.strictObject(peerMembers), {
  rule: 'has(self.cidr) != (has(self.podSelector) || has(self.namespaceSelector))',
  message: 'either cidr, or podSelector and namespaceSelector, is wanted',
});
export type NetworkPeer = z.infer<typeof NetworkPeer>;

/** The members of a peer, for the kind of peer that has one more. */
export const networkPeerMembers = peerMembers;
