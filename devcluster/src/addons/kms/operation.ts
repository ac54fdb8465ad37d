import { z } from 'zod';
import { authorize } from './authorize.ts';
import { AwsError } from './aws-error.ts';
import type { Caller } from './credentials.ts';
import type { KeyRing } from './key-ring.ts';
import type { EncryptionContext, KeyRecord, KeyState, KeyUsage } from './state.ts';

/** One call of an operation. */
export interface Call {
  readonly caller: Caller;
  readonly ring: KeyRing;
  /** Set once the key is known: for the log. */
  keyArn?: string;
}

/** An operation of the protocol: how its input reads, and what it does. */
export interface Operation {
  run(input: unknown, call: Call): object;
}

export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (input: z.output<Schema>, call: Call) => object,
): Operation {
  return { run: (input, call) => run(parse(schema, input), call) };
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const details = result.error.issues.map(
    (issue) => `Value at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`,
  );
  const count = `${details.length} validation error${details.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationException', `${count}: ${details.join('; ')}`);
}

/** Members that several operations take. */
export const KeyReference = z.string().min(1).max(2048);
export const Blob = (minimum: number, maximum: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length >= minimum && bytes.length <= maximum, {
      error: `must have ${minimum} to ${maximum} bytes`,
    });
export const DryRun = z.boolean().optional();

export interface KeyRequest {
  reference: string;
  /** The permission wanted: without `kms:`. */
  action: string;
  /** Whether the operation takes an alias for a key; most that manage keys do not. */
  byAlias?: boolean;
  context?: EncryptionContext | undefined;
  /** The states in which the operation works. Default: only `Enabled`. */
  states?: readonly KeyState[];
  usage?: KeyUsage;
  dryRun?: boolean | undefined;
}

/** Every state but that of a key about to be deleted. */
export const NOT_PENDING_DELETION: readonly KeyState[] = ['Enabled', 'Disabled'];
export const ANY_STATE: readonly KeyState[] = ['Enabled', 'Disabled', 'PendingDeletion'];

/**
 * The key of a call, after the checks that every operation makes, in AWS's order: may the caller, is the key in
 * a state for it, is it a key for it.
 *
 * @throws AwsError otherwise; a caller who may nothing does not learn whether the key exists
 */
export function keyFor(call: Call, request: KeyRequest): KeyRecord {
  const { reference, action, context = {} } = request;
  const byAlias = request.byAlias === true || !/(^|:)alias\//.test(reference);
  const key = byAlias ? call.ring.find(reference) : undefined;
  const resource = key === undefined ? reference : call.ring.keyArn(key.keyId);
  if (key !== undefined) call.keyArn = resource;
  authorize(call.caller, { action, context, resource, ...(key !== undefined && { key }) });
  if (key === undefined) {
    const what = /(^|:)alias\//.test(reference) && byAlias ? 'Alias' : 'Key';
    throw new AwsError('NotFoundException', `${what} '${reference}' does not exist`);
  }
  checkState(key, resource, request.states ?? ['Enabled']);
  if (request.usage !== undefined && key.keyUsage !== request.usage)
    throw new AwsError(
      'InvalidKeyUsageException',
      `${resource} key usage is ${key.keyUsage} which is not valid for ${action}.`,
    );
  if (request.dryRun === true)
    throw new AwsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
  return key;
}

function checkState(key: KeyRecord, arn: string, states: readonly KeyState[]): void {
  if (states.includes(key.state)) return;
  if (key.state === 'Disabled') throw new AwsError('DisabledException', `${arn} is disabled.`);
  const state = key.state === 'PendingDeletion' ? 'pending deletion' : 'not pending deletion';
  throw new AwsError('KMSInvalidStateException', `${arn} is ${state}.`);
}

/** A time as the protocol has it: seconds since 1970. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
