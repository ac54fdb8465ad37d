import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormError, parseForm } from '../../src/stripe/form.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('parseForm()', () => {
  it('reads nested hashes and lists', () => {
    expect(plain(parseForm('amount=1&a[b][c]=x%20y&list[0]=p&list[]=q'))).toEqual({
      amount: '1',
      a: { b: { c: 'x y' } },
      list: { 0: 'p', 1: 'q' },
    });
  });

  it.each(['a=1&a=2', 'a=1&a[b]=2', 'a[b=1', '=1', 'a[b]c=1'])('refuses %s', (body) => {
    expect(() => parseForm(body)).toThrow(FormError);
  });

  it('never touches the prototype', () => {
    parseForm('__proto__[polluted]=yes&constructor[prototype][polluted]=yes');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('either parses or throws a FormError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (body) => {
        try {
          parseForm(body);
        } catch (error) {
          expect(error).toBeInstanceOf(FormError);
        }
      }),
    );
  });
});
