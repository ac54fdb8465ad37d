import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renewInMs, retryInMs } from '../../src/tls/renewal-times.ts';

const HOUR = 3_600_000;
const life = { notBefore: new Date(0), notAfter: new Date(24 * HOUR) };
const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe('renewInMs()', () => {
  it('is two thirds of the life after its begin, or up to a tenth of it earlier', () => {
    expect(renewInMs(life, 0, 0)).toBe(16 * HOUR);
    expect(renewInMs(life, 0, 1)).toBeCloseTo(13.6 * HOUR, 0);
    expect(renewInMs(life, 10 * HOUR, 0)).toBe(6 * HOUR);
  });

  it('is now when that time has passed', () => {
    expect(renewInMs(life, 20 * HOUR, 0.5)).toBe(0);
  });

  it('always leaves a third of the life for trying again', () => {
    fc.assert(
      fc.property(unit, fc.integer({ min: 0, max: 24 * HOUR }), (random, now) => {
        const at = now + renewInMs(life, now, random);
        expect(at).toBeLessThanOrEqual(Math.max(now, 16 * HOUR));
      }),
    );
  });
});

describe('retryInMs()', () => {
  it('doubles from half a second to half a minute, and never falls below half of that', () => {
    expect([1, 2, 3, 7, 8, 5000].map((failures) => retryInMs(failures, 1))).toEqual([
      500, 1000, 2000, 30_000, 30_000, 30_000,
    ]);
    expect(retryInMs(1, 0)).toBe(250);
  });
});
