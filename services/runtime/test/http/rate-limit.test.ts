import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApp, createLogger, createMetrics, RateLimiter, Readiness } from '../../src/index.ts';

describe('a rate limiter', () => {
  it('lets a burst through, then the rate, for each identity by itself', () => {
    let now = 0;
    const limiter = new RateLimiter({ requestsPerSecond: 2, burst: 3, now: () => now });
    const waits = () => Array.from({ length: 4 }, () => limiter.spend('a'));
    expect(waits()).toEqual([0, 0, 0, 0.5]);
    expect(limiter.spend('b')).toBe(0);
    now += 500;
    expect([limiter.spend('a'), limiter.spend('a')]).toEqual([0, 0.5]);
    now += 3_600_000;
    expect(waits()).toEqual([0, 0, 0, 0.5]);
  });

  it('has what cost more than was left paid back', () => {
    let now = 0;
    const limiter = new RateLimiter({ requestsPerSecond: 100, now: () => now });
    expect([limiter.spend('a', 500), limiter.spend('a')]).toEqual([0, 3.01]);
    now += 3_010;
    expect(limiter.spend('a')).toBe(0);
  });

  it('admits never more than burst and rate allow, and asks nobody to wait for nothing', () => {
    const step = fc.record({ afterMs: fc.nat(2000), identity: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let now = 0;
        const limiter = new RateLimiter({ requestsPerSecond: 5, burst: 4, now: () => now });
        const admitted = { a: 0, b: 0 };
        for (const { afterMs, identity } of steps) {
          now += afterMs;
          const wait = limiter.spend(identity);
          expect(wait).toBeLessThanOrEqual(0.2);
          if (wait === 0) admitted[identity as 'a' | 'b']++;
        }
        const most = 4 + (now / 1000) * 5 + 1e-6;
        expect(Math.max(admitted.a, admitted.b)).toBeLessThanOrEqual(most);
      }),
    );
  });
});

it('an app answers 429 with Retry-After, and goes on answering others', async () => {
  const identity = (subject: string) => ({
    ...{ issuer: 'https://issuer', subject, claimedMerchants: [] },
    ...{ lifetimeSeconds: undefined, pod: undefined },
  });
  const app = createApp({
    logger: createLogger({ service: 'test', level: 'fatal' }, { write: () => undefined }),
    metrics: createMetrics(),
    readiness: new Readiness(),
    tls: 'plaintext',
    rateLimiter: new RateLimiter({ requestsPerSecond: 0.1, burst: 2 }),
    access: {
      admit: async (_wanted, { authorization = '' }) => ({
        ...{ identity: identity(authorization), merchant: undefined, merchants: '*' as const },
      }),
      allowedMerchants: () => '*',
      problem: () => undefined,
      file: () => ({ vaultId: 'acme-dev', issuers: [], rules: [] }),
      close: () => undefined,
    },
  });
  const access = { permission: 'tokens:read', scope: 'workload' } as const;
  app.get('/things', { config: { access } }, async () => ({ ok: true }));
  const ask = (authorization: string) => app.inject({ url: '/things', headers: { authorization } });
  expect([(await ask('a')).statusCode, (await ask('a')).statusCode]).toEqual([200, 200]);
  const refused = await ask('a');
  expect(refused.json()).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(refused.headers['retry-after']).toBe('10');
  expect((await ask('b')).statusCode).toBe(200);
  await app.close();
});
