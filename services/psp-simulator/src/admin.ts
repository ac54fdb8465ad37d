import { type AppOptions, createApp, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Listener } from './listener.ts';
import { PSPS, type Psp, type SimulatorState } from './state.ts';

const SetMode = z.strictObject({
  mode: z.enum(['up', 'down', 'slow', 'error']),
  delayMs: z.int().min(0).max(120_000).optional(),
});

const AddFault = z.strictObject({
  psp: z.enum(PSPS),
  behaviour: z.enum([
    'slow',
    'timeout-before',
    'timeout-after',
    'reset-before',
    'reset-after',
    'error-before',
    'error-after',
    'rate-limit',
  ]),
  times: z.int().min(1).max(1000).optional(),
});

const SetUpdater = z.strictObject({
  lateMs: z.int().min(0).max(86_400_000).optional(),
  parts: z.int().min(1).max(1000).optional(),
  twice: z.boolean().optional(),
  nonsenseEvery: z.int().min(0).max(1000).optional(),
});

const AddUpdaterFault = AddFault.omit({ psp: true });

const open = { config: { access: 'public' as const } };

/**
 * Health, metrics and the remote control, for demo and tests. No authentication: it holds no secret and never leaves a
 * test network.
 */
export function buildAdmin(
  options: AppOptions,
  state: SimulatorState,
  listeners: Record<Psp, Listener>,
): FastifyInstance {
  const app = createApp(options);
  app.get('/admin/psps', open, async () =>
    Object.fromEntries(PSPS.map((psp) => [psp, describe(state, psp)])),
  );
  app.put<{ Params: { psp: string } }>('/admin/psps/:psp', open, async (request) => {
    const psp = PSPS.find((name) => name === request.params.psp);
    if (psp === undefined)
      throw new ProblemError('not_found', { detail: `There are only the PSPs ${PSPS.join(', ')}.` });
    const { mode, delayMs } = validate(SetMode, request.body);
    const entry = state.psp(psp);
    entry.mode = mode;
    if (delayMs !== undefined) entry.delayMs = delayMs;
    if (mode === 'down') await listeners[psp].down();
    else await listeners[psp].up();
    return describe(state, psp);
  });
  app.post('/admin/faults', open, async (request, reply) => {
    const { psp, behaviour, times = 1 } = validate(AddFault, request.body);
    state.psp(psp).faults.push(...Array.from({ length: times }, () => behaviour));
    return reply.code(201).send(describe(state, psp));
  });
  app.get<{ Querystring: Record<string, string> }>('/admin/ledger', open, async (request) => {
    const wanted = Object.entries(request.query);
    const charges = state.ledger.filter((entry) =>
      wanted.every(([name, value]) => String(entry[name as keyof typeof entry]) === value),
    );
    return { charges };
  });
  addUpdaterControl(app, state);
  app.post('/admin/reset', open, async () => {
    state.reset();
    await Promise.all(PSPS.map((psp) => listeners[psp].up()));
    return { status: 'ok' };
  });
  return app;
}

/** How the account updater answers, and what fails next. */
function addUpdaterControl(app: FastifyInstance, { updater }: SimulatorState): void {
  const describeUpdater = () => ({
    ...{ mode: updater.mode, faults: updater.faults },
    batches: [...updater.batches].map(([batch, { results, submissions }]) => ({
      ...{ batch, submissions, cards: results.length },
    })),
  });
  app.get('/admin/updater', open, async () => describeUpdater());
  app.put('/admin/updater', open, async ({ body }) => {
    const { lateMs, parts, twice, nonsenseEvery } = validate(SetUpdater, body);
    const { mode } = updater;
    updater.mode = {
      lateMs: lateMs ?? mode.lateMs,
      parts: parts ?? mode.parts,
      twice: twice ?? mode.twice,
      nonsenseEvery: nonsenseEvery ?? mode.nonsenseEvery,
    };
    return describeUpdater();
  });
  app.post('/admin/updater/faults', open, async ({ body }, reply) => {
    const { behaviour, times = 1 } = validate(AddUpdaterFault, body);
    updater.faults.push(...Array.from({ length: times }, () => behaviour));
    return reply.code(201).send(describeUpdater());
  });
}

function describe(state: SimulatorState, psp: Psp) {
  const { mode, delayMs, faults } = state.psp(psp);
  return { mode, delayMs, faults };
}
