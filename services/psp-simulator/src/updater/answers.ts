import { type CredentialUpdateCode, passesLuhn, type UpdaterBatch } from '@cofferdam/contracts';

type AskedCard = UpdaterBatch['cards'][number];

/** What the updater knows of a card, by the tens digit of its number. The README shows this table to people. */
export const UPDATER_CODES: ReadonlyMap<string, CredentialUpdateCode> = new Map([
  ['1', 'new_number'],
  ['2', 'new_expiry'],
  ['3', 'closed'],
  ['4', 'contact_cardholder'],
  ['5', 'not_found'],
]);

const YEARS_ON = 4;

/** As a row of an answer. */
export function updaterResult({ row, number, expiryMonth, expiryYear }: AskedCard, now: Date) {
  const code = UPDATER_CODES.get(number.at(-2) ?? '') ?? 'unchanged';
  const expiry = { expiryMonth, expiryYear: expiryYear + YEARS_ON };
  const card =
    code === 'new_number'
      ? { number: newNumber(number), ...expiry }
      : code === 'new_expiry'
        ? expiry
        : undefined;
  return { row, code, occurredAt: now.toISOString(), ...(card ? { card } : {}) };
}

/** Of the same issuer and length, always the same for the same card, and with nothing more to say of it. */
export function newNumber(number: string): string {
  const account = [...number.slice(6, -2)].map((digit) => (Number(digit) + 3) % 10).join('');
  const digits = `${number.slice(0, 6)}${account}9`;
  return `${digits}${[...'0123456789'].find((check) => passesLuhn(digits + check))}`;
}
