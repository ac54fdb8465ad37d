import type { ImageAttestation, ImageEvidence } from '@cofferdam/promotion';
import type { Git } from './git.ts';

/**
 * Stands in for cosign and `gh attestation`: a ref of the repository for each image, to the commit that it was built
 * from. An image without one is unsigned.
 */
export function attestations(
  git: Git,
): ImageAttestation & { attest(image: string, source: string): Promise<void> } {
  const evidence = (images: readonly string[]) =>
    Promise.all(
      images.map(async (image): Promise<ImageEvidence> => {
        const source = await git(['rev-parse', '--verify', '--quiet', refOf(image)]).catch(() => undefined);
        if (source !== undefined) return { image, signed: true, attested: true, sourceRevision: source };
        const problem = `the repository has no ${refOf(image)}`;
        return { image, signed: false, attested: false, problem };
      }),
    );
  return {
    async attest(image, source) {
      await git(['update-ref', refOf(image), source]);
    },
    evidence,
    provenance: evidence,
  };
}

function refOf(image: string): string {
  return `refs/attestations/${image.slice(image.indexOf('@') + 1).replace(':', '/')}`;
}
