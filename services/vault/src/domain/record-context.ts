import { encodeTuple } from './tuple.ts';

/** The layout of what is encrypted, and of the additional data. Raised when either changes. */
export const RECORD_FORMAT = 1;

/** Where a ciphertext belongs. It opens there and nowhere else. */
export interface RecordContext {
  format: number;
  vaultId: string;
  merchant: string;
  token: string;
  recordVersion: number;
  field: 'card';
  keyVersion: number;
}

/** The additional data of AES-GCM: a ciphertext that is copied into another row no longer authenticates. */
export function additionalData(context: RecordContext): Uint8Array {
  return encodeTuple([
    String(context.format),
    context.vaultId,
    context.merchant,
    context.token,
    String(context.recordVersion),
    context.field,
    String(context.keyVersion),
  ]);
}
