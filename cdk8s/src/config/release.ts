import { ImageReference } from '@cofferdam/crds';
import { z } from 'zod';

/** `release.yaml`: the images of one release, each by digest. A promotion changes this file and nothing else. */
export const Release = z.strictObject({
  images: z.strictObject({
    operator: ImageReference,
    vault: ImageReference,
    router: ImageReference,
    connector: ImageReference,
    'psp-simulator': ImageReference,
  }),
});
export type Release = z.infer<typeof Release>;
