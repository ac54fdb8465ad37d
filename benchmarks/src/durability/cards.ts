import { cardNumber } from '../vault/load/card-numbers.ts';

/**
 * Ten digits with which every card number of a run begins. At most eight leading digits of a number may be shown, and
 * so one hunt for these ten looks for all numbers together, however many there are.
 */
export const LOADED_PREFIX = '4929718397';
/** Of the number that is planted for the hunter to find. */
export const PLANTED_PREFIX = '4485039661';

export const EXPIRY_MONTH = 12;
export const FIRST_EXPIRY_YEAR = 2032;

/** All begin with one digit, so that one hunt looks for all of them. */
export const CVCS = ['739', '704', '758'] as const;
export const PLANTED_CVC = '913';

const PLACES = 100_000;

/** Numbers that pass Luhn, all different, that begin with the prefix. */
export function cardNumbers(prefix: string): () => string {
  let place = Number(prefix.slice(1)) * PLACES;
  const end = place + PLACES;
  return () => {
    for (;;) {
      if (place === end) throw new Error(`all ${PLACES} card numbers are used up`);
      const number = cardNumber(place++);
      // Eight digits and the last four may stand beside each other: these would look like ten of the number.
      if (!number.slice(-4).startsWith(prefix.slice(-2))) return number;
    }
  };
}
