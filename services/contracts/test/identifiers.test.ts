import { describe, expect, it } from 'vitest';
import { Token } from '../src/index.ts';

describe('Token', () => {
  it.each(['tok_0123456789abcdefghjkmnpqrs', '9242424242424240', '924242424242'])('takes %s', (token) => {
    expect(Token.safeParse(token).success).toBe(true);
  });

  it.each(['4242424242424242', '9792000000000003', 'tok_short', '4242', ''])('refuses %s', (token) => {
    expect(Token.safeParse(token).success).toBe(false);
  });
});
