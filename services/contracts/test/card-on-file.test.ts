import { describe, expect, it } from 'vitest';
import { CustomerReference, holdsCardNumber, NetworkTransactionId } from '../src/index.ts';

describe('holdsCardNumber()', () => {
  it.each([
    ['4242424242424242', true],
    ['4242-4242-4242-4242', true],
    ['order 4242 4242 4242 4242', true],
    ['378282246310005', true],
    ['a4242424242424242b', true],
    ['4242424242424241', false],
    // As long, and of no network: a number that is counted up from a time.
    ['1700000000000000003', false],
    ['550e8400-e29b-41d4-a716-446655440000', false],
    ['', false],
  ])('of %s is %s', (text, expected) => {
    expect(holdsCardNumber(text)).toBe(expected);
  });
});

describe('CustomerReference', () => {
  it.each(['user-812', '550e8400-e29b-41d4-a716-446655440000', 'tenant/7|user=9', '0'])(
    'may be %s',
    (text) => {
      expect(CustomerReference.safeParse(text).success).toBe(true);
    },
  );
  it.each(['', 'ada@example.com', 'Ada Lovelace', 'ü', 'x'.repeat(65), '4242.4242.4242.4242', 'a\u0000'])(
    'is not %j',
    (text) => {
      expect(CustomerReference.safeParse(text).success).toBe(false);
    },
  );
});

describe('NetworkTransactionId', () => {
  // Visa, Mastercard with and without date, its transaction link identifier, American Express.
  it.each(['016150703802094', 'MCC123456', 'MDSB1234560701', 'AbCdEfGhIjKlMnOpQrStUv', '343434343434343'])(
    'may be %s',
    (text) => {
      expect(NetworkTransactionId.safeParse(text).success).toBe(true);
    },
  );
  it.each(['1234567', '4242424242424242', 'with space', 'x'.repeat(37)])('is not %j', (text) => {
    expect(NetworkTransactionId.safeParse(text).success).toBe(false);
  });
});
