import { z } from 'zod';

const Generation = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const OperatorVersion = z
  .string()
  .max(64)
  .describe('Version of the operator that acted on it last: an older one changes nothing.');

/** By this an upgraded operator knows whose pods it would restart, and a restarted one where it was. */
export const RolloutStatus = z
  .strictObject({
    release: z
      .string()
      .max(64)
      .describe("The operator's release, its default images included, that every pod is as wanted by."),
    generation: Generation.describe('Generation of the spec that every pod is as wanted by.'),
    vaultGeneration: Generation.optional().describe("Of a PSPConnector: its PaymentVault's generation."),
    startedRelease: z.string().max(64).optional().describe('The release that the pods are being brought to.'),
  })
  .describe('What the pods were last brought to.');
export type RolloutStatus = z.infer<typeof RolloutStatus>;
