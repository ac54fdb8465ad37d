import { execa } from 'execa';
import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import type { ImageAttestation, ImageEvidence } from '../ports/image-attestation.ts';

export interface SigstoreOptions {
  /** OIDC issuer of the signing certificate. */
  readonly issuer: string;
  /** Regular expression of the certificate's subject. */
  readonly identity: string;
  /** `owner/name`, where provenance is attested. */
  readonly repository: string;
  /** Programs, for tests. Default: `cosign` and `gh` of the path. */
  readonly programs?: { readonly cosign: string; readonly gh: string };
}

/** `gh attestation verify --format json`; only what we read. */
const Verified = z.array(
  z.object({
    verificationResult: z.object({
      statement: z.object({
        predicate: z
          .object({
            buildDefinition: z
              .object({
                resolvedDependencies: z
                  .array(z.object({ digest: z.record(z.string(), z.string()).optional() }))
                  .optional(),
              })
              .optional(),
          })
          .optional(),
      }),
    }),
  }),
);

const PROVENANCE = 'https://slsa.dev/provenance/v1';

/** Signatures by cosign, provenance by `gh attestation`; both look at who signed, and not only that somebody did. */
export function sigstore(options: SigstoreOptions): ImageAttestation {
  const { issuer, identity, repository, programs = { cosign: 'cosign', gh: 'gh' } } = options;
  const signature = async (image: string): Promise<Pick<ImageEvidence, 'signed' | 'problem'>> => {
    const who = ['--certificate-oidc-issuer', issuer, '--certificate-identity-regexp', identity];
    const words = ['verify', ...who, '--output', 'json', image];
    const { problem } = await ask(programs.cosign, words, UNSIGNED);
    return problem === undefined ? { signed: true } : { signed: false, problem };
  };
  const provenance = async (image: string): Promise<Omit<ImageEvidence, 'signed'>> => {
    const who = ['--repo', repository, '--cert-oidc-issuer', issuer, '--cert-identity-regex', identity];
    const words = ['attestation', 'verify', `oci://${image}`, ...who, '--predicate-type', PROVENANCE];
    const { problem, stdout } = await ask(programs.gh, [...words, '--format', 'json'], UNATTESTED);
    if (problem !== undefined) return { image, attested: false, problem };
    const sourceRevision = sourceOf(stdout);
    return { image, attested: true, ...(sourceRevision !== undefined && { sourceRevision }) };
  };
  return {
    evidence: (images) =>
      Promise.all(
        images.map(async (image) => {
          const [signed, attested] = await Promise.all([signature(image), provenance(image)]);
          return { ...attested, ...signed };
        }),
      ),
    provenance: (images) => Promise.all(images.map(provenance)),
  };
}

/** What the tools say of an image, and not of the way to a registry, to GitHub or to Sigstore's trust root. */
const UNSIGNED = /no matching signatures|no signatures found|none of the expected identities matched/i;
const UNATTESTED =
  /no (?:matching )?attestations (?:found|matching)|no attestations for|failed to verify|verifying with issuer|verification failed|HTTP 404/i;

async function ask(
  program: string,
  words: readonly string[],
  evidence: RegExp,
): Promise<{ stdout: string; problem?: string }> {
  try {
    const { stdout } = await execa(program, [...words], { timeout: 60_000 });
    return { stdout };
  } catch (error) {
    const { code, stderr, message } = error as Error & { code?: string; stderr?: string };
    if (code === 'ENOENT') {
      throw new PromotionError(
        'verifier_missing',
        `${program} cannot be run: install it (docs/promotion.md)`,
        error,
      );
    }
    const all = stderr || message;
    const said = (all.trim().split('\n').at(-1) ?? '').slice(0, 300);
    if (evidence.test(all)) return { stdout: '', problem: said };
    throw new PromotionError(
      'verifier_unreachable',
      `${program} ${words[0]} could not tell (${said}): run it again, and look at the registry and at who is signed in there`,
      error,
    );
  }
}

function sourceOf(stdout: string): string | undefined {
  const parsed = Verified.safeParse(safeJson(stdout));
  const all = parsed.success ? parsed.data : [];
  const commits = all.flatMap(({ verificationResult: { statement } }) =>
    (statement.predicate?.buildDefinition?.resolvedDependencies ?? []).flatMap(
      ({ digest }) => digest?.['gitCommit'] ?? digest?.['sha1'] ?? [],
    ),
  );
  return commits.find((commit) => /^[0-9a-f]{40}$/.test(commit));
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
