import { SpanKind, type Tracing } from '@cofferdam/runtime';
import type { KeyManagement } from './key-management.ts';

/**
 * A span for each call to KMS, the SDK's second try included.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
 */
export function traceKeyManagement(inner: KeyManagement, tracing: Tracing): KeyManagement {
  const traced = <T>(operation: string, call: () => Promise<T>): Promise<T> =>
    tracing.inSpan(
      `KMS.${operation}`,
      {
        kind: SpanKind.CLIENT,
        attributes: { 'rpc.system': 'aws-api', 'rpc.service': 'KMS', 'rpc.method': operation },
      },
      call,
    );
  return {
    generateDataKey: (arn, context) => traced('GenerateDataKey', () => inner.generateDataKey(arn, context)),
    unwrap: (arn, wrapped, context) => traced('Decrypt', () => inner.unwrap(arn, wrapped, context)),
    rewrap: (arns, wrapped, context) => traced('ReEncrypt', () => inner.rewrap(arns, wrapped, context)),
  };
}
