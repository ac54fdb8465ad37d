import type { Card } from '@cofferdam/contracts';

/** The payment service providers' published test numbers: no bank ever issued them. */
export const testCards = {
  visa: { number: '4242424242424242', expiryMonth: 12, expiryYear: 2030, holderName: 'Ada Lovelace' },
  visaStolen: {
    number: '4000000000009979',
    expiryMonth: 11,
    expiryYear: 2029,
    holderName: 'Charles Babbage',
  },
  mastercard: { number: '5555555555554444', expiryMonth: 10, expiryYear: 2031, holderName: 'Grace Hopper' },
} satisfies Record<string, Card>;
