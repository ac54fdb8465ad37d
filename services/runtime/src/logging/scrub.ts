import { passesLuhn } from '@cofferdam/contracts';

/**
 * The last line of defence: a log line on its way out loses anything that could be a card number or a credential.
 * The first line is that nobody logs one; redaction by path is the second. This one exists for what neither foresees:
 * an SDK's error message that quotes the request, a stack, a caller who puts a card number into a path.
 *
 * It works on the finished line, so that it sees every string once, however deep it lay. One regular expression
 * finds runs of digits; Luhn is computed only for these, so an ordinary line costs about a microsecond.
 */
export function scrub(line: string): string {
  const withoutCards = line.replace(DIGIT_RUN, replaceCardNumber);
  return withoutCards.includes('eyJ') || withoutCards.includes('grant_')
    ? withoutCards.replace(CREDENTIAL, '[removed credential]')
    : withoutCards;
}

export const REMOVED_CARD = '[removed card number]';

// 12 and more digits, with single spaces, hyphens or dots between them as people write card numbers.
const DIGIT_RUN = /\d(?:[ .-]?\d){11,}/g;
const CREDENTIAL = /eyJ[\w-]+\.[\w-]+\.[\w-]*|grant_[\w-]{43}/g;
// Where a longer run of digits could hide a card number, only the networks' ranges and usual lengths are looked for:
// with every prefix and length, chance would find one in nearly any long number.
const NETWORK_PREFIX = /^(?:4|5[0-8]|2[2-7]|3[0-9]|6)/;
const HIDDEN_LENGTHS = [14, 15, 16, 19];

function replaceCardNumber(run: string, offset: number, line: string): string {
  const digits = run.replace(/\D/g, '');
  const suspicious =
    digits.length > 19 ? hidesCardNumber(digits) : passesLuhn(digits) || standsAmongOthers(run);
  if (!suspicious) return run;
  // A bare JSON number has to stay one, or the line would no longer parse.
  const bare = /[:,[]$/.test(line.slice(0, offset)) && /^[,}\]]/.test(line.slice(offset + run.length));
  return bare ? '0' : REMOVED_CARD;
}

function hidesCardNumber(digits: string): boolean {
  return HIDDEN_LENGTHS.some((length) => {
    for (let start = 0; start + length <= digits.length; start++) {
      if (isOfNetwork(digits.slice(start, start + length))) return true;
    }
    return false;
  });
}

/** Whole groups of a run that are a card number, beside groups that are not: `4242 4242 4242 4242 12/30`. */
function standsAmongOthers(run: string): boolean {
  const groups = run.split(/\D/);
  return groups.some((_, start) =>
    groups.some((_, last) => {
      const digits = groups.slice(start, last + 1).join('');
      return HIDDEN_LENGTHS.includes(digits.length) && isOfNetwork(digits);
    }),
  );
}

const isOfNetwork = (digits: string): boolean => NETWORK_PREFIX.test(digits) && passesLuhn(digits);
