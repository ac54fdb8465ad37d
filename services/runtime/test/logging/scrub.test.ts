import { passesLuhn } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, scrub } from '../../src/index.ts';

const NUMBER = '4242424242424242';

describe('scrub()', () => {
  it.each([
    ['in a message', `declined for ${NUMBER}.`, 'declined for [removed card number].'],
    ['with blanks', 'card 4242 4242 4242 4242 x', 'card [removed card number] x'],
    ['with hyphens', '"3782-822463-10005"', '"[removed card number]"'],
    [
      'in a URL',
      `/v1/tokens/${NUMBER}?n=${NUMBER}`,
      '/v1/tokens/[removed card number]?n=[removed card number]',
    ],
    ['as a bare JSON number', `{"n":${NUMBER},"m":1}`, '{"n":0,"m":1}'],
    ['in a longer run of digits', `id 0000${NUMBER}00`, 'id [removed card number]'],
    ['before its expiry', 'card 4242 4242 4242 4242 12/30', 'card [removed card number]/30'],
    ['after another number', `order 17 ${NUMBER}`, 'order [removed card number]'],
    ['a bearer token', 'Bearer eyJhbGciOi.eyJpc3MiOi.c2ln-_', 'Bearer [removed credential]'],
    ['a grant', `grant_${'A'.repeat(43)}`, '[removed credential]'],
  ])('removes a secret %s', (_name, line, wanted) => {
    expect(scrub(line)).toBe(wanted);
  });

  it.each([
    ['a number that fails Luhn, as a preserving token does', '9242424242424240'],
    ['a time', '"time":"2026-11-22T18:53:48.123Z"'],
    ['BIN and last four', '"bin":"42424242","lastFour":"4242"'],
    ['a token', 'tok_0123456789abcdefghjkmnpqrs'],
    ['a UUID', '123e4567-e89b-12d3-a456-426614174000'],
  ])('leaves %s as it is', (_name, line) => {
    expect(scrub(line)).toBe(line);
  });

  it('removes every number of 12 to 19 digits that passes Luhn, and the line stays JSON', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 11, maxLength: 18 });
    const around = fc.string().filter((text) => !/\d/.test(text));
    fc.assert(
      fc.property(around, digits, around, (before, body, after) => {
        const number = [...'0123456789'].map((digit) => body + digit).find(passesLuhn) ?? '';
        const line = JSON.stringify({ msg: `${before}${number}${after}`, n: [Number(number)] });
        expect(scrub(line)).not.toContain(number);
        expect(() => JSON.parse(scrub(line))).not.toThrow();
      }),
    );
  });
});

describe('the logger', () => {
  const log = (write: (logger: ReturnType<typeof createLogger>) => void): string => {
    const lines: string[] = [];
    write(createLogger({ service: 'test', level: 'info' }, { write: (line) => lines.push(line) }));
    return lines.join('');
  };

  it('redacts by name what carries card data or credentials, three levels deep', () => {
    const secret = 'hush';
    const line = log((logger) =>
      logger.info(
        {
          card: secret,
          body: { number: secret, a: { password: secret } },
          headers: { authorization: secret },
        },
        'x',
      ),
    );
    expect(line).not.toContain(secret);
    expect(JSON.parse(line)).toMatchObject({ level: 'info', service: 'test', msg: 'x', card: '[redacted]' });
  });

  it('takes of an error its type, message, code and causes, without what an SDK hangs onto it', () => {
    const cause = Object.assign(new Error(`refused ${NUMBER}`), {
      code: 'card_error',
      config: { data: 'the request' },
    });
    const line = log((logger) => logger.error({ err: new Error('charge failed', { cause }) }, 'x'));
    expect(line).not.toContain(NUMBER);
    expect(line).not.toContain('the request');
    expect(JSON.parse(line).err).toMatchObject({
      message: 'charge failed',
      cause: { message: 'refused [removed card number]', code: 'card_error' },
    });
  });
});
