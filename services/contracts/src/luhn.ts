/** The check digit of ISO/IEC 7812-1, annex B: catches every single wrong digit. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = digit * 2;
    sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** As far as one sees it of the first digits: Visa, Mastercard, Maestro, American Express, Diners, JCB, Discover, UnionPay. */
const NETWORK_PREFIX = /^(?:4|5[0-8]|2[2-7]|3[0-9]|6)/;

/**
 * Whether a text holds what may be a card number, also one written with separators. For names that callers choose and
 * that are stored in the clear: of random numbers of 13 to 19 digits about one in thirty looks like it.
 */
export function holdsCardNumber(text: string): boolean {
  const runs = text.replaceAll(/[^0-9A-Za-z]/g, '').match(/\d+/g) ?? [];
  return runs.some(
    (run) => run.length >= 13 && run.length <= 19 && NETWORK_PREFIX.test(run) && passesLuhn(run),
  );
}
