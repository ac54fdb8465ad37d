import { Card } from '@cofferdam/contracts';
import type { z } from 'zod';
import { additionalData, RECORD_FORMAT, type RecordContext } from '../domain/record-context.ts';
import { IntegrityError } from '../integrity-error.ts';
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

/** @throws {IntegrityError} when the record is not the one that was sealed for this place */
export function openCard(key: DataKey, vaultId: string, place: Place, record: SealedRecord): PlainCard {
  const additional = additionalData(contextOf(vaultId, place, record));
  let plaintext: Buffer | undefined;
  try {
    plaintext = key.open(record.sealed, additional);
    return Card.parse(JSON.parse(plaintext.toString('utf8')));
  } catch (error) {
    const { merchant, token, recordVersion } = place;
    throw new IntegrityError({ merchant, token, recordVersion, keyVersion: record.keyVersion }, error);
  } finally {
    plaintext?.fill(0);
  }
}

function contextOf(
  vaultId: string,
  { merchant, token, recordVersion }: Place,
  { format, keyVersion }: Pick<RecordContext, 'format' | 'keyVersion'>,
): RecordContext {
  return { format, vaultId, merchant, token, recordVersion, field: 'card', keyVersion };
}
