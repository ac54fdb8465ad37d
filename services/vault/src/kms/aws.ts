import {
  DecryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  KMSServiceException,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { type KeyContext, type KeyManagement, KeyManagementError } from './key-management.ts';

// Final answers: asking again changes nothing until somebody changes the key or its grants.
const REFUSALS = new Set([
  'AccessDeniedException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidCiphertextException',
  'InvalidGrantTokenException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'NotFoundException',
]);

/** Of a call with its second try, and the credentials that it may have to fetch first. */
const LIMIT_MS = 6_000;

/**
 * AWS KMS. Region, credentials (IRSA) and endpoint come from the AWS SDK's own environment variables.
 * Two tries with short timeouts: a request waits for this.
 */
export function awsKeyManagement(
  client: KMSClient = createClient(),
  { limitMs = LIMIT_MS }: { limitMs?: number } = {},
): KeyManagement & { close(): void } {
  return {
    generateDataKey: async (keyArn, context) => {
      const command = new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: 'AES_256',
        EncryptionContext: { ...context },
      });
      const answer = await inTime(client.send(command), limitMs).catch(fail('GenerateDataKey', context));
      return { plaintext: take(answer.Plaintext), wrapped: Buffer.from(answer.CiphertextBlob ?? []) };
    },
    unwrap: async (keyArn, wrapped, context) => {
      const command = new DecryptCommand({
        KeyId: keyArn,
        CiphertextBlob: wrapped,
        EncryptionContext: { ...context },
      });
      const answer = await inTime(client.send(command), limitMs).catch(fail('Decrypt', context));
      return take(answer.Plaintext);
    },
    rewrap: async ({ from, to }, wrapped, context) => {
      const command = new ReEncryptCommand({
        SourceKeyId: from,
        DestinationKeyId: to,
        CiphertextBlob: wrapped,
        SourceEncryptionContext: { ...context },
        DestinationEncryptionContext: { ...context },
      });
      const answer = await inTime(client.send(command), limitMs).catch(fail('ReEncrypt', context));
      return Buffer.from(answer.CiphertextBlob ?? []);
    },
    close: () => client.destroy(),
  };
}

function createClient(): KMSClient {
  return new KMSClient({
    maxAttempts: 2,
    // Without the third a request that takes too long is only warned about, and waited for.
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  });
}

/** The SDK's own limits leave out the look for credentials, which is a call to STS: nothing may wait for that for ever. */
async function inTime<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Moves the key into a buffer of ours and clears the SDK's. */
function take(plaintext: Uint8Array | undefined): Buffer {
  const bytes = Buffer.from(plaintext ?? []);
  plaintext?.fill(0);
  return bytes;
}

function fail(operation: string, context: KeyContext) {
  return (error: unknown): never => {
    const name = error instanceof Error ? error.name : 'unknown error';
    const failure = error instanceof KMSServiceException && REFUSALS.has(name) ? 'refused' : 'unreachable';
    const message = `KMS ${operation} for merchant ${context.merchant}: ${name}`;
    throw new KeyManagementError(failure, message, { cause: error });
  };
}
