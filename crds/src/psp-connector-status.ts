import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { ConnectorRouting } from './connector-routing.ts';
import { BaseUrl, Label } from './names.ts';
import { NotYetActedOn, ObservedGeneration } from './not-yet-acted-on.ts';
import { Limits, Resilience } from './resilience.ts';
import { OperatorVersion, RolloutStatus } from './rollout-status.ts';
import { listMap } from './schema-rules.ts';

const AccountStatus = z.strictObject({
  name: Label,
  credentials: z.enum(['Present', 'Missing', 'Invalid', 'Unknown']),
  reachable: z.enum(['Reachable', 'Unreachable', 'Unknown']),
  detail: z.string().max(1024).optional(),
});

const EffectiveConnector = z
  .strictObject({
    routing: ConnectorRouting.optional(),
    limits: Limits.optional(),
    resilience: Resilience.optional(),
  })
  .describe('The values that hold, defaults included.');

/** What the operator found; accounts as the connector's own pods report them. */
export const PSPConnectorStatus = z
  .strictObject({
    observedGeneration: ObservedGeneration.optional(),
    conditions: Conditions.optional(),
    accounts: listMap(z.array(AccountStatus).max(64), 'name').optional(),
    endpoint: BaseUrl.optional().describe('Base URL of the connector inside the cluster.'),
    effective: EffectiveConnector.optional(),
    rollout: RolloutStatus.optional(),
    operatorVersion: OperatorVersion.optional(),
    notYetActedOn: NotYetActedOn.optional(),
  })
  .describe('What was found.');
export type PSPConnectorStatus = z.infer<typeof PSPConnectorStatus>;
