import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from './aws-error.ts';

/** A request as it arrived. Only POST to `/` without a query is spoken here. */
export interface SignedRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The parts of an `Authorization: AWS4-HMAC-SHA256 ...` header. */
interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

/** How far the sender's clock may be off. */
const MAX_SKEW_MS = 5 * 60_000;

/**
 * Verifies an AWS Signature Version 4 in the headers of a request, as
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html makes it.
 * Written out rather than made with the SDK's signer, so that the SDK in our tests checks it.
 *
 * @param secretOf the secret of an access key
 * @returns the access key that signed
 * @throws AwsError when the signature is missing, malformed, wrong, old, or for another region or service
 */
export async function verifySignature(
  request: SignedRequest,
  expected: { region: string; services: readonly string[]; nowMs: number },
  secretOf: (accessKeyId: string) => string | Promise<string>,
): Promise<string> {
  const authorization = parseAuthorization(request.headers.authorization);
  const { accessKeyId, date, region, service, signedHeaders } = authorization;
  const secret = await secretOf(accessKeyId);
  const timestamp = String(request.headers['x-amz-date'] ?? '');
  checkScope(authorization, timestamp, expected);
  checkSignedHeaders(signedHeaders, request.headers);

  const canonicalRequest = [
    'POST',
    '/',
    '',
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request.headers[name])}`),
    '',
    signedHeaders.join(';'),
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const digest = createHash('sha256').update(canonicalRequest).digest('hex');
  const stringToSign = ['AWS4-HMAC-SHA256', timestamp, scope, digest].join('\n');
  const signingKey = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  const wanted = createHmac('sha256', signingKey).update(stringToSign).digest();
  const found = Buffer.from(authorization.signature, 'hex');
  if (found.length !== wanted.length || !timingSafeEqual(found, wanted))
    throw new AwsError(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
    );
  return accessKeyId;
}

function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined)
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  const [, accessKeyId, date, region, service, signedHeaders, signature] = match ?? [];
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    signedHeaders === undefined ||
    signature === undefined
  )
    throw new AwsError(
      'IncompleteSignatureException',
      'The Authorization header is not a complete SigV4 one.',
    );
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

function checkScope(
  { date, region, service }: Authorization,
  timestamp: string,
  expected: { region: string; services: readonly string[]; nowMs: number },
): void {
  const refuse = (message: string) => {
    throw new AwsError('InvalidSignatureException', message);
  };
  if (region !== expected.region || !expected.services.includes(service))
    refuse(`Credential should be scoped to ${expected.region}, not to ${service} in ${region}.`);
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? [];
  const sentMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(sentMs) || !timestamp.startsWith(date)) refuse('The header x-amz-date is not valid.');
  if (Math.abs(expected.nowMs - sentMs) > MAX_SKEW_MS)
    refuse(`Signature expired: ${timestamp} is more than five minutes from the time here.`);
}

/** Otherwise who has seen a request could make another operation of it, or bring it under another session. */
function checkSignedHeaders(signedHeaders: readonly string[], headers: IncomingHttpHeaders): void {
  const amazon = Object.keys(headers).filter((name) => name.startsWith('x-amz-'));
  const unsigned = ['host', 'x-amz-date', ...amazon].find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined)
    throw new AwsError('InvalidSignatureException', `The header ${unsigned} must be signed.`);
}

function canonicalValue(value: string | string[] | undefined): string {
  return [value ?? []].flat().join(',').trim().replace(/ +/g, ' ');
}
