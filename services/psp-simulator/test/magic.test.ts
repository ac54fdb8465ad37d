import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isCardNumber } from '../src/card.ts';
import { DECLINED_AMOUNTS, DECLINED_CARDS, MAGIC_AMOUNTS } from '../src/magic.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the magic values', () => {
  it.each([...DECLINED_CARDS])('the README names card %s as %s', (number, reason) => {
    expect(readme).toContain(`| ${number} | ${reason} |`);
    expect(isCardNumber(number)).toBe(true);
  });

  it.each([...MAGIC_AMOUNTS])('the README names amount %s as %s', (amount, behaviour) => {
    expect(readme).toContain(`| ${amount} | ${behaviour}: `);
  });

  it.each([...DECLINED_AMOUNTS])('the README names amount %s as declined for %s', (amount, reason) => {
    expect(readme).toContain(`| ${amount} | declined: ${reason} |`);
  });
});
