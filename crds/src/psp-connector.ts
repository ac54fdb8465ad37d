import { z } from 'zod';
import { Accounts } from './accounts.ts';
import { ConnectorRouting } from './connector-routing.ts';
import { Egress } from './egress.ts';
import { API_VERSION, PSP_CONNECTOR } from './group.ts';
import { HttpMappings } from './http-mappings.ts';
import { HttpsUrl, ObjectName } from './names.ts';
import { ObjectMeta } from './object.ts';
import { PSPConnectorStatus } from './psp-connector-status.ts';
import { CaRef } from './references.ts';
import { Limits, Resilience } from './resilience.ts';
import { immutable, withRules } from './schema-rules.ts';

export const Provider = z.enum(['stripe', 'adyen', 'checkout', 'http']);
export type Provider = z.infer<typeof Provider>;

/** One PSP of one vault, in a process, an identity and a network of its own. No defaults: see PaymentVaultSpec. */
export const PSPConnectorSpec = withRules(
  z
    .strictObject({
      vaultRef: z
        .strictObject({
          name: immutable(ObjectName.max(36), 'make another connector for another vault'),
        })
        .describe('PaymentVault of the same namespace. Immutable.'),
      provider: immutable(Provider, 'make another connector for another PSP').describe(
        'Whose wire protocol is spoken; `http` is described by spec.http. Immutable.',
      ),
      endpoint: withRules(HttpsUrl, {
        rule: "self.startsWith('https://')",
        message: 'must begin with https://: card data is sent there',
      })
        .optional()
        .describe(
          "Base URL instead of the provider's own: a sandbox, a simulator. Needed with provider http. Card numbers go there: `https://` only.",
        ),
      endpointCaRef: CaRef.optional().describe(
        'Authorities that the certificate of endpoint is verified by. Absent: the public ones.',
      ),
      accounts: Accounts,
      routing: ConnectorRouting.optional(),
      limits: Limits.optional(),
      resilience: Resilience.optional(),
      http: HttpMappings.optional(),
      egress: Egress,
    })
    .describe('What is wanted.'),
  {
    rule: "has(self.http) == (self.provider == 'http')",
    message: 'http is wanted with provider http, and only then',
  },
  {
    rule: "self.provider != 'http' || has(self.endpoint)",
    message: 'provider http needs endpoint',
  },
  {
    rule: '!has(self.endpointCaRef) || has(self.endpoint)',
    message: 'endpointCaRef is wanted with endpoint, and only then',
  },
);
export type PSPConnectorSpec = z.infer<typeof PSPConnectorSpec>;

/** The Service `<name>-connector` and the routing rules are named after it. */
const nameFits = {
  rule: "self.metadata.name.size() <= 48 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
  message:
    'metadata.name must be at most 48 lower-case letters, digits and hyphens and start with a letter: a Service is named after it',
};

export const PSPConnector = withRules(
  z
    .strictObject({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal(PSP_CONNECTOR.kind),
      metadata: ObjectMeta,
      spec: PSPConnectorSpec,
      status: PSPConnectorStatus.optional(),
    })
    .describe('One payment service provider of a PaymentVault, isolated from all others.'),
  nameFits,
);
export type PSPConnector = z.infer<typeof PSPConnector>;
