import { z } from 'zod';
import { ImageReference } from './names.ts';

/** One release of the services. */
export const Images = z
  .strictObject({ vault: ImageReference, router: ImageReference, connector: ImageReference })
  .describe("Images of one release, by digest. Absent: the set that this operator's release ships.");
export type Images = z.infer<typeof Images>;
