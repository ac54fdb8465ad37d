import { type CertificateAnswer, CertificateRequest, type ProblemCode } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime/process';
import { serviceNames } from '../desired/names.ts';
import type { Clock } from '../engine/index.ts';
import { OperatorError } from '../errors.ts';
import { CallerRefused, type CertificateCaller, type ClusterKeys, verifyCaller } from './caller.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { foreignNames } from './service-names.ts';
import { readRequest } from './x509.ts';

export type IssueContext = {
  authority: Pick<CertificateAuthority, 'sign'>;
  /** Undefined until the API server was asked. */
  clusterKeys: () => ClusterKeys | undefined;
  /** Whether the ServiceAccount, with this uid, is one that the operator made for a resource that exists. */
  isOurs: (serviceAccount: CertificateCaller['serviceAccount']) => boolean;
  rateLimit: (caller: string) => boolean;
  clock: Clock;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Counts: `issued`, or the code of the problem. */
  onAnswer?: (outcome: 'issued' | ProblemCode) => void;
};

type Asked = {
  requestId: string;
  authorization: string | undefined;
  /** Read only when the caller is known. */
  body: () => Promise<unknown>;
};

/**
 * One request for a certificate, from the token to the signed leaf, with one line in the log whatever comes of it.
 * @throws {ProblemError}
 */
export async function issue(context: IssueContext, asked: Asked): Promise<CertificateAnswer> {
  const { log, onAnswer = () => {} } = context;
  const audit: Record<string, unknown> = { audit: 'certificate', requestId: asked.requestId };
  try {
    const answer = await decide(context, asked, audit);
    log.info({ ...audit, outcome: 'issued', notAfter: answer.notAfter }, 'certificate issued');
    onAnswer('issued');
    return answer;
  } catch (error) {
    const code = error instanceof ProblemError ? error.code : 'internal_error';
    const cause =
      error instanceof ProblemError && error.cause instanceof Error ? error.cause.message : undefined;
    log.warn({ ...audit, outcome: code, cause }, 'certificate refused');
    onAnswer(code);
    throw error;
  }
}

async function decide(
  context: IssueContext,
  asked: Asked,
  audit: Record<string, unknown>,
): Promise<CertificateAnswer> {
  const caller = await authenticate(context, asked.authorization);
  const { serviceAccount, pod } = caller;
  audit.serviceAccount = `${serviceAccount.namespace}/${serviceAccount.name}`;
  audit.pod = pod.name;
  if (!context.isOurs(serviceAccount)) {
    throw new ProblemError('forbidden', {
      detail: `ServiceAccount ${audit.serviceAccount} does not belong to a PaymentVault or PSPConnector.`,
    });
  }
  if (!context.rateLimit(pod.uid)) {
    throw new ProblemError('rate_limited', { detail: 'This pod asks for certificates too often.' });
  }
  const body = CertificateRequest.safeParse(await asked.body());
  if (!body.success) throw new ProblemError('invalid_request', { detail: 'The body must be {"csr": PEM}.' });
  const request = await readRequest(body.data.csr);
  if (typeof request === 'string') throw new ProblemError(request, { detail: DETAIL[request] });
  audit.names = request.names.slice(0, 8);
  const foreign = foreignNames(serviceAccount, request.names);
  if (foreign.length > 0) {
    throw new ProblemError('names_not_allowed', {
      detail: `The request names ${foreign.length} that the caller does not have. It may have: ${serviceNames(serviceAccount).join(', ')}.`,
    });
  }
  return sign(context, request);
}

const DETAIL = {
  csr_invalid:
    'The request is not PKCS #10 in PEM, is not signed by its own key, or does not ask for DNS names alone.',
  key_not_allowed: 'The key must be ECDSA P-256 or P-384, or RSA of at least 2048 bits.',
} as const;

async function authenticate(
  { clusterKeys, clock }: IssueContext,
  authorization: string | undefined,
): Promise<CertificateCaller> {
  const keys = clusterKeys();
  if (keys === undefined) {
    throw new ProblemError('authority_unavailable', { detail: "The cluster's keys are not known yet." });
  }
  return verifyCaller(authorization, keys, clock.now()).catch((cause: unknown) => {
    if (!(cause instanceof CallerRefused)) throw cause;
    throw new ProblemError('unauthenticated', { cause });
  });
}

async function sign(
  { authority }: IssueContext,
  request: Parameters<CertificateAuthority['sign']>[0],
): Promise<CertificateAnswer> {
  const leaf = await authority.sign(request).catch((cause: unknown) => {
    if (!(cause instanceof OperatorError)) throw cause;
    throw new ProblemError('authority_unavailable', { detail: cause.message, cause });
  });
  return {
    certificate: leaf.certificate,
    notBefore: leaf.notBefore.toISOString(),
    notAfter: leaf.notAfter.toISOString(),
  };
}
