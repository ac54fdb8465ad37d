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
    const { problem } = await ask(programs.cosign, words, isUnsigned);
    return problem === undefined ? { signed: true } : { signed: false, problem };
  };
  const provenance = async (image: string): Promise<Omit<ImageEvidence, 'signed'>> => {
    const who = ['--repo', repository, '--cert-oidc-issuer', issuer, '--cert-identity-regex', identity];
    const words = ['attestation', 'verify', `oci://${image}`, ...who, '--predicate-type', PROVENANCE];
    const { problem, stdout } = await ask(programs.gh, [...words, '--format', 'json'], isUnattested);
    if (problem !== undefined) return { image, attested: false, problem };
    const sourceRevision = sourceOf(stdout);
    return { image, attested: true, ...(sourceRevision !== undefined && { sourceRevision }) };
  };
  return {
    async evidence(images) {
      const [attested, signed] = await Promise.all([
        Promise.all(images.map(provenance)),
        // cosign locks its copy of the trust root: of two at once one may end (sigstore/cosign#2576).
        inTurn(images, signature),
      ]);
      return attested.map((one, index) => ({ ...one, signed: false, ...signed[index] }));
    },
    provenance: (images) => Promise.all(images.map(provenance)),
  };
}

async function inTurn<T, R>(all: readonly T[], use: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await use(one));
  return results;
}

interface Ended {
  /** Exit status; undefined: it was ended by a signal, or never began. */
  readonly status: number | undefined;
  readonly said: string;
}

/** The way to a registry, to GitHub or to Sigstore, and not what is there. */
const AWAY =
  /dial tcp|no such host|connection (?:refused|reset)|i\/o timeout|TLS handshake|deadline exceeded|giving up after|status code (?:429|5\d\d)|TOOMANYREQUESTS|HTTP (?:429|5\d\d)/i;

/**
 * As cosign 3.1 says it: 10 for no signature, 12 for none that is as it should be, or that a log that cannot be reached
 * would have to confirm; and 1, as for anything else, where the signature is a bundle.
 */
function isUnsigned({ status, said }: Ended): boolean {
  if (AWAY.test(said)) return false;
  return (
    status === 10 ||
    status === 12 ||
    /no matching (?:signatures|attestations)|no signatures found/i.test(said)
  );
}

/** As gh 2.83 says it, with 1 for each. GitHub answers 404 for none, and for what a token may not see. */
const UNATTESTED =
  /no attestations (?:found|were verified)|verifying with issuer|expected (?:SourceRepository\w*|Issuer|BuildSigner\w*) to be|HTTP 404|(?:MANIFEST|NAME)_UNKNOWN/i;

function isUnattested({ said }: Ended): boolean {
  return !AWAY.test(said) && UNATTESTED.test(said);
}

async function ask(
  program: string,
  words: readonly string[],
  isEvidence: (ended: Ended) => boolean,
): Promise<{ stdout: string; problem?: string }> {
  try {
    const { stdout } = await execa(program, [...words], { timeout: 60_000 });
    return { stdout };
  } catch (error) {
    const { code, exitCode, stderr, message } = error as GoneWrong;
    if (code === 'ENOENT') {
      throw new PromotionError(
        'verifier_missing',
        `${program} cannot be run: install it (docs/promotion.md)`,
        error,
      );
    }
    // What comes before the last line are warnings, and of cosign the same once more.
    const last = (stderr || message).trim().split('\n').at(-1) ?? '';
    const said = last.replace(/^error during command execution: |^Error: /, '');
    const problem = said.slice(0, 300);
    if (isEvidence({ status: exitCode, said })) return { stdout: '', problem };
    throw new PromotionError(
      'verifier_unreachable',
      `${program} ${words[0]} could not tell (${problem}): run it again, and look at the registry and at who is signed in there`,
      error,
    );
  }
}

type GoneWrong = Error & { readonly code?: string; readonly exitCode?: number; readonly stderr?: string };

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
