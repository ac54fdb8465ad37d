import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from './aws-error.ts';
import type { Caller, Credentials } from './credentials.ts';
import type { Faults } from './faults.ts';
import type { KeyRing } from './key-ring.ts';
import type { Call } from './operation.ts';
import { OPERATIONS } from './operations/index.ts';
import type { CallLog } from './options.ts';
import { verifySignature } from './sigv4.ts';
import { assumeRoleWithWebIdentity, getCallerIdentity, type Sts } from './sts/actions.ts';
import type { XmlContent } from './sts/xml.ts';

/** All that a request is answered from. */
export interface Kms {
  ring: KeyRing;
  credentials: Credentials;
  sts: Sts;
  faults: Faults;
}

export interface AwsRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What the log learns while a request is answered. */
export type Trace = Pick<CallLog, 'service' | 'operation' | 'principal' | 'keyArn'>;

const TARGET_PREFIX = 'TrentService.';
const JSON_TYPE = 'application/x-amz-json-1.1';

/** A call in KMS's JSON 1.1 protocol. */
export async function answerKms(request: AwsRequest, kms: Kms, trace: Trace): Promise<object> {
  const target = String(request.headers['x-amz-target'] ?? '');
  trace.operation = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target;
  return kms.faults.around(trace.operation, async () => {
    const operation = OPERATIONS.get(trace.operation);
    if (operation === undefined || request.headers['content-type'] !== JSON_TYPE)
      throw new AwsError(
        'UnknownOperationException',
        `${trace.operation} is not an operation of this endpoint.`,
      );
    const call: Call = { ring: kms.ring, caller: await authenticate(request, kms, ['kms']) };
    trace.principal = call.caller.arn;
    try {
      return operation.run(parseJson(request.body), call);
    } finally {
      if (call.keyArn !== undefined) trace.keyArn = call.keyArn;
    }
  });
}

/** A call in STS's Query protocol. */
export async function answerSts(
  request: AwsRequest,
  kms: Kms,
  trace: Trace,
): Promise<{ action: string; result: XmlContent }> {
  const form = new URLSearchParams(request.body.toString('utf8'));
  const action = form.get('Action') ?? '';
  trace.operation = action;
  return kms.faults.around(action, async () => {
    if (action === 'AssumeRoleWithWebIdentity') {
      const { arn, result } = await assumeRoleWithWebIdentity(form, kms.sts);
      trace.principal = arn;
      return { action, result };
    }
    if (action === 'GetCallerIdentity') {
      const caller = await authenticate(request, kms, ['sts']);
      trace.principal = caller.arn;
      return { action, result: getCallerIdentity(caller, kms.sts) };
    }
    throw new AwsError('ValidationError', `Could not find operation ${action}`);
  });
}

async function authenticate(request: AwsRequest, kms: Kms, services: readonly string[]): Promise<Caller> {
  const token = request.headers['x-amz-security-token'];
  const found: { caller?: Caller } = {};
  await verifySignature(
    request,
    { region: kms.ring.region, services, nowMs: kms.ring.now() },
    (accessKeyId) => {
      const { caller, secret } = kms.credentials.find(
        accessKeyId,
        typeof token === 'string' ? token : undefined,
      );
      found.caller = caller;
      return secret;
    },
  );
  if (found.caller === undefined) throw new Error('a signature was accepted without a caller');
  return found.caller;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AwsError('SerializationException', 'The body is not JSON.', { cause });
  }
}
