import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  admit,
  type BreakerState,
  CircuitOpenError,
  CLOSED,
  createCircuitBreaker,
  settle,
} from '../../src/client/circuit-breaker.ts';

const rules = { failures: 2, openMs: 100, maxOpenMs: 800 };
const step = fc.oneof(
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 1_000 }) }),
  fc.record({ do: fc.constant('send' as const) }),
  fc.record({
    do: fc.constant('end' as const),
    which: fc.nat(2),
    // Mostly failures, or it would hardly ever open.
    result: fc.constantFrom(...(['failed', 'failed', 'failed', 'failed', 'answered', 'unknown'] as const)),
    spread: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

test('whatever happens in whatever order: one probe at a time, none while open, and never shut for good', () => {
  let probes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120 }), (steps) => {
      let state: BreakerState = CLOSED;
      let nowMs = 0;
      let row = 0;
      const under: { ticket: number; probe: boolean }[] = [];
      for (const one of steps) {
        if (one.do === 'pass') nowMs += one.ms;
        if (one.do === 'send') {
          const before = state;
          const { state: next, ticket } = admit(state, nowMs);
          state = next;
          if (before.kind === 'open' && nowMs < before.untilMs) expect(ticket).toBeUndefined();
          if (before.kind === 'half-open') {
            probes += 1;
            expect(ticket).toBeUndefined();
          }
          if (before.kind === 'closed') expect(ticket).toBeDefined();
          if (ticket !== undefined) under.push({ ticket, probe: state.kind === 'half-open' });
        }
        if (one.do === 'end' && under.length > 0) {
          const [call] = under.splice(one.which % under.length, 1);
          if (call === undefined) continue;
          const before = state;
          const counts = before.kind === 'closed' && call.ticket === before.epoch;
          state = settle(state, { ...one, ticket: call.ticket, nowMs }, rules);
          if (counts && one.result !== 'unknown') row = one.result === 'failed' ? row + 1 : 0;
          // It opens with exactly so many failures in a row, or with a probe that fails.
          if (before.kind === 'closed') expect(state.kind === 'open').toBe(row >= rules.failures);
          if (before.kind === 'half-open' && call.ticket !== before.epoch) expect(state).toEqual(before);
          if (state.kind !== 'closed') row = 0;
        }
        if (state.kind === 'open') expect(state.untilMs - nowMs).toBeLessThanOrEqual(rules.maxOpenMs);
        expect(
          under.filter(({ ticket }) => state.kind === 'half-open' && ticket === state.epoch).length,
        ).toBe(state.kind === 'half-open' ? 1 : 0);
      }
      if (state.kind === 'half-open') return;
      expect(admit(state, nowMs + rules.maxOpenMs).ticket).toBeDefined();
    }),
    { numRuns: 300 },
  );
  // That it was looked at at all.
  expect(probes).toBeGreaterThan(100);
});

test('each probe that fails doubles the time, up to the longest; one that is answered closes it', () => {
  let state: BreakerState = { kind: 'open', untilMs: 0, openings: 1, epoch: 1 };
  const lasts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const admitted = admit(state, 0);
    const ticket = admitted.ticket ?? -1;
    const settled = settle(admitted.state, { ticket, result: 'failed', nowMs: 0, spread: 1 }, rules);
    if (settled.kind !== 'open') throw new Error('should be open');
    lasts.push(settled.untilMs);
    state = { ...settled, untilMs: 0 };
  }
  expect(lasts).toEqual([200, 400, 800, 800, 800]);
  const probe = admit(state, 0);
  expect(
    settle(probe.state, { ticket: probe.ticket ?? -1, result: 'answered', nowMs: 0, spread: 1 }, rules).kind,
  ).toBe('closed');
});

test('the error of a call that is not sent says what opened the breaker, and for how long', async () => {
  const breaker = createCircuitBreaker({ rules, nowMs: () => 0, random: () => 1 });
  const cause = new Error('connect ECONNREFUSED');
  for (let i = 0; i < rules.failures; i++) {
    await breaker
      .run(
        () => Promise.reject(cause),
        () => 'failed',
      )
      .catch(() => {});
  }
  const sent = breaker.run(
    async () => 'sent',
    () => 'failed',
  );
  await expect(sent).rejects.toBeInstanceOf(CircuitOpenError);
  await expect(sent).rejects.toMatchObject({ cause, retryAfterMs: rules.openMs });
});
