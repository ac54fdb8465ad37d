import { Card } from '@cofferdam/contracts';
import type { z } from 'zod';
import { additionalData, RECORD_FORMAT, type RecordContext } from '../domain/record-context.ts';
import type { SealedRecord } from '../storage/records.ts';
import type { DataKey } from './data-key.ts';

type PlainCard = z.infer<typeof Card>;

/** Whose record it is, and which of its versions. */
interface Place {
  token: string;
  merchant: string;
  recordVersion: number;
}

/** Encrypts a card for its place: as a record of that token and version it can be opened, elsewhere not. */
export function sealCard(key: DataKey, vaultId: string, place: Place, card: PlainCard): SealedRecord {
  const plaintext = Buffer.from(JSON.stringify(card));
  const context = contextOf(vaultId, place, { format: RECORD_FORMAT, keyVersion: key.version });
  const sealed = key.seal(plaintext, additionalData(context));
  plaintext.fill(0);
  return {
    token: place.token,
    version: place.recordVersion,
    format: RECORD_FORMAT,
    keyVersion: key.version,
    sealed,
  };
}

/** @throws when the record is not the one that was sealed for this place */
export function openCard(key: DataKey, vaultId: string, place: Place, record: SealedRecord): PlainCard {
  const plaintext = key.open(record.sealed, additionalData(contextOf(vaultId, place, record)));
  try {
    return Card.parse(JSON.parse(plaintext.toString('utf8')));
  } finally {
    plaintext.fill(0);
  }
}

function contextOf(
  vaultId: string,
  { merchant, token, recordVersion }: Place,
  { format, keyVersion }: Pick<RecordContext, 'format' | 'keyVersion'>,
): RecordContext {
  return { format, vaultId, merchant, token, recordVersion, field: 'card', keyVersion };
}
