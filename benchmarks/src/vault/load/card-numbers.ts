/**
 * Card numbers that pass Luhn, each another one: `4`, fourteen digits that follow from the place, and the check digit.
 *
 * @param place from 0; below 10^14
 */
export function cardNumber(place: number): string {
  const body = `4${String(place).padStart(14, '0')}`;
  let sum = 0;
  for (let i = body.length - 1, doubled = true; i >= 0; i--, doubled = !doubled) {
    const digit = Number(body[i]) * (doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return `${body}${(10 - (sum % 10)) % 10}`;
}
