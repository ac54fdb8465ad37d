import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readKnown } from '../../src/client/read-known.ts';

const Answer = z.strictObject({
  outcome: z.enum(['approved', 'declined']),
  cards: z.array(z.strictObject({ brand: z.string() })),
});

describe('readKnown()', () => {
  it('passes over members of a newer service, nested ones too, and leaves its input alone', () => {
    const json = { outcome: 'approved', cards: [{ brand: 'visa', colour: 'blue' }], advice: '03' };
    expect(readKnown(Answer, json).data).toEqual({ outcome: 'approved', cards: [{ brand: 'visa' }] });
    expect(json.advice).toBe('03');
  });

  it.each([
    ['a member that is missing', { outcome: 'approved' }],
    ['a value that it does not know', { outcome: 'perhaps', cards: [] }],
    ['a wrong type beside an unknown member', { outcome: 'approved', cards: 'none', advice: '03' }],
    ['nothing', undefined],
  ])('refuses %s', (_, json) => {
    expect(readKnown(Answer, json).success).toBe(false);
  });
});
