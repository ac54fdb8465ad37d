/** What a verifier did when it was really run; host names and addresses are replaced. */
export interface Recorded {
  readonly what: string;
  readonly status: number;
  /** The last line of stderr; cosign says it twice, and may warn before. */
  readonly said: string;
  /** What it means: of the image, or that nobody could tell. */
  readonly means: 'unsigned' | 'unattested' | 'unreachable';
}

const REKOR = 'Post "https://rekor.sigstore.dev/api/v1/log/entries/retrieve"';
const SIGNATURE = `GET https://registry.test/v2/vault/manifests/sha256-${'a'.repeat(64)}.sig`;
const noHost = (name: string) => `dial tcp: lookup ${name} on 192.0.2.53:53: no such host`;

/**
 * cosign 3.1.1, `verify --certificate-oidc-issuer ... --certificate-identity-regexp ... --output json <image>`. Those about
 * who signed with `--insecure-ignore-tlog --insecure-ignore-sct` besides, for want of a log.
 */
export const COSIGN: readonly Recorded[] = [
  { what: 'no signature', status: 10, said: 'no signatures found', means: 'unsigned' },
  {
    what: 'a digest, or a repository, that the registry has not',
    status: 10,
    said: 'no signatures found',
    means: 'unsigned',
  },
  {
    what: 'a signature of another identity',
    status: 12,
    said: 'no matching signatures: none of the expected identities matched what was in the certificate, got subjects [https://github.com/other/app/.github/workflows/x.yaml@refs/tags/v1] with issuer https://token.actions.githubusercontent.com',
    means: 'unsigned',
  },
  {
    what: 'a signature by a certificate of another authority',
    status: 12,
    said: 'no matching signatures: leaf certificate verification failed',
    means: 'unsigned',
  },
  {
    what: 'a bundle of another identity',
    status: 1,
    said: 'no matching attestations: failed to verify certificate identity: no matching CertificateIdentity found, last error: expected SAN value to match regex "^https://github.com/acme/", got "https://github.com/other/app/.github/workflows/x.yaml@refs/tags/v1"',
    means: 'unsigned',
  },
  {
    what: 'a bundle that is in no log',
    status: 1,
    said: 'no matching attestations: failed to verify log inclusion: not enough verified log entries from transparency log: 0 < 1',
    means: 'unsigned',
  },
  {
    what: 'a signature that a log would have to confirm which cannot be reached',
    status: 12,
    said: `no matching signatures: searching log query: ${REKOR}: giving up after 4 attempt(s): ${REKOR}: ${noHost('rekor.sigstore.dev')}`,
    means: 'unreachable',
  },
  {
    what: 'a trust root that cannot be reached',
    status: 1,
    said: `setting up clients and keys: getting rekor public keys: updating local metadata and targets: error updating to TUF remote mirror: tuf: failed to download 13.root.json: Get "https://tuf-repo-cdn.sigstore.dev/13.root.json": ${noHost('tuf-repo-cdn.sigstore.dev')}`,
    means: 'unreachable',
  },
  {
    what: 'a registry that is not there',
    status: 1,
    said: 'Get "https://registry.test/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
    means: 'unreachable',
  },
  {
    what: 'a registry that nobody has heard of',
    status: 1,
    said: `Get "https://registry.test/v2/": ${noHost('registry.test')}`,
    means: 'unreachable',
  },
  {
    what: 'a registry that wants to know who asks',
    status: 1,
    said: `${SIGNATURE}: UNAUTHORIZED: authentication required`,
    means: 'unreachable',
  },
  {
    what: 'a registry that does not let us',
    status: 1,
    said: `${SIGNATURE}: DENIED: requested access to the resource is denied`,
    means: 'unreachable',
  },
  {
    what: 'a registry that fails',
    status: 1,
    said: `${SIGNATURE}: unexpected status code 500 Internal Server Error`,
    means: 'unreachable',
  },
  {
    what: 'a registry that is asked too often',
    status: 1,
    said: `${SIGNATURE}: TOOMANYREQUESTS: slow down`,
    means: 'unreachable',
  },
];

const ATTESTATIONS = `https://api.github.com/repos/acme/payments/attestations/sha256:${'a'.repeat(64)}?per_page=30&predicate_type=https://slsa.dev/provenance/v1`;

/**
 * gh 2.83.2, `attestation verify oci://<image> --repo ... --cert-oidc-issuer ... --cert-identity-regex ... --format json`,
 * not at a terminal. But for the first two with a trust root of a file.
 */
export const GH: readonly Recorded[] = [
  {
    what: 'nobody signed in',
    status: 4,
    said: 'Alternatively, populate the GH_TOKEN environment variable with a GitHub API authentication token.',
    means: 'unreachable',
  },
  {
    what: 'a trust root that cannot be reached',
    status: 1,
    said: 'error creating Sigstore verifier: no valid Sigstore verifiers could be initialized',
    means: 'unreachable',
  },
  {
    what: 'GitHub that cannot be reached',
    status: 1,
    said: `Get "${ATTESTATIONS}": ${noHost('api.github.com')}`,
    means: 'unreachable',
  },
  {
    what: 'a registry that is not there',
    status: 1,
    said: 'failed to fetch remote image: Get "https://registry.test/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
    means: 'unreachable',
  },
  {
    what: 'a token that is none',
    status: 1,
    said: `HTTP 401: Bad credentials (${ATTESTATIONS})`,
    means: 'unreachable',
  },
  {
    what: 'a token that may not',
    status: 1,
    said: `HTTP 403: Resource not accessible by integration (${ATTESTATIONS})`,
    means: 'unreachable',
  },
  {
    what: 'a rate limit',
    status: 1,
    said: `HTTP 403: API rate limit exceeded for installation ID 1. (${ATTESTATIONS})`,
    means: 'unreachable',
  },
  {
    what: 'GitHub that fails',
    status: 1,
    said: `HTTP 503: Service Unavailable (${ATTESTATIONS})`,
    means: 'unreachable',
  },
  {
    what: 'a digest that the registry has not',
    status: 1,
    said: `failed to fetch remote image: GET https://registry.test/v2/vault/manifests/sha256:${'e'.repeat(64)}: MANIFEST_UNKNOWN: Unknown manifest`,
    means: 'unattested',
  },
  {
    what: 'none that GitHub knows of',
    status: 1,
    said: `HTTP 404: Not Found (${ATTESTATIONS})`,
    means: 'unattested',
  },
  { what: 'none in the list', status: 1, said: 'no attestations found', means: 'unattested' },
  {
    what: 'one by a certificate of another identity, and in no log',
    status: 1,
    said: 'verifying with issuer "test"',
    means: 'unattested',
  },
  // From its sources (pkg/cmd/attestation/verification/extensions.go): for want of a log, no run came so far.
  {
    what: 'one of another repository',
    status: 1,
    said: 'expected SourceRepositoryURI to be https://github.com/acme/payments, got https://github.com/other/app',
    means: 'unattested',
  },
];
