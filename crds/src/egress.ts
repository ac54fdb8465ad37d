import { z } from 'zod';
import { HostName, Port } from './names.ts';
import { listSet, withRules } from './schema-rules.ts';
import { networkPeerMembers } from './selectors.ts';

const EgressPeer = withRules(
  z.strictObject({
    ...networkPeerMembers,
    host: HostName.optional().describe(
      'Host name such as `api.stripe.com`. Needs an API for host-name policies in the cluster (Cilium has one); without it the connector is Stalled.',
    ),
  }),
  {
    rule: '(has(self.cidr) ? 1 : 0) + (has(self.host) ? 1 : 0) + (has(self.podSelector) || has(self.namespaceSelector) ? 1 : 0) == 1',
    message: 'one of cidr, host, or podSelector and namespaceSelector, is wanted',
  },
);
export type EgressPeer = z.infer<typeof EgressPeer>;

export const Egress = z
  .strictObject({
    to: z.array(EgressPeer).min(1).max(32),
    ports: listSet(z.array(Port).min(1).max(16)).describe('TCP ports.'),
  })
  .describe("The only way out of this connector's pods, besides its vault and DNS.");
export type Egress = z.infer<typeof Egress>;
