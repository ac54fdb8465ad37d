import { AwsError } from '../aws-error.ts';
import type { Caller, Credentials } from '../credentials.ts';
import { type TokenIssuer, trusts, verifyWebIdentity } from './web-identity.ts';
import type { XmlContent } from './xml.ts';

/** What the actions of STS stand on. */
export interface Sts {
  credentials: Credentials;
  issuer: TokenIssuer | undefined;
  account: string;
  now: () => number;
}

/** Temporary credentials of a role for the bearer of a service-account token that the role trusts. */
export async function assumeRoleWithWebIdentity(
  form: URLSearchParams,
  { credentials, issuer, now }: Sts,
): Promise<{ arn: string; result: XmlContent }> {
  const roleArn = required(form, 'RoleArn');
  const sessionName = required(form, 'RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
    throw new AwsError('ValidationError', 'RoleSessionName must be 2 to 64 characters of [\\w+=,.@-].');
  const durationSeconds = Number(form.get('DurationSeconds') ?? 3600);
  if (!Number.isInteger(durationSeconds) || durationSeconds < 900 || durationSeconds > 43_200)
    throw new AwsError('ValidationError', 'DurationSeconds must be 900 to 43200.');
  if (issuer === undefined)
    throw new AwsError('InvalidIdentityToken', 'No issuer of service-account tokens is configured.');

  const subject = await verifyWebIdentity(required(form, 'WebIdentityToken'), issuer, now());
  const principal = credentials.principal(roleArn);
  // One answer for a role that does not exist and one that does not trust the caller, as AWS gives.
  if (principal === undefined || !trusts(principal.trustSubjects, subject))
    throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');

  const session = credentials.issue(principal, sessionName, durationSeconds);
  return {
    arn: session.arn,
    result: {
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: new Date(session.expiresAtMs).toISOString(),
      },
      SubjectFromWebIdentityToken: subject,
      AssumedRoleUser: { Arn: session.arn, AssumedRoleId: `AROA:${sessionName}` },
      Provider: issuer.issuer,
      Audience: 'sts.amazonaws.com',
    },
  };
}

/** Who the caller is. Needs no permission. */
export function getCallerIdentity(caller: Caller, { account }: Sts): XmlContent {
  return { Arn: caller.arn, UserId: caller.accessKeyId, Account: account };
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw new AwsError('ValidationError', `${name} is missing.`);
  return value;
}
