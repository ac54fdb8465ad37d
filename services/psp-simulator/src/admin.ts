import Fastify, { type FastifyInstance } from 'fastify';
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

/** The remote control, for demo and tests. No authentication: it holds no secret and never leaves a test network. */
export function buildAdmin(state: SimulatorState, listeners: Record<Psp, Listener>): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    return reply.code(status).send({ error: error instanceof Error ? error.message : 'failed' });
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => ({ status: 'ok' }));
  app.get('/admin/psps', async () => Object.fromEntries(PSPS.map((psp) => [psp, describe(state, psp)])));
  app.put<{ Params: { psp: string } }>('/admin/psps/:psp', async (request, reply) => {
    const psp = PSPS.find((name) => name === request.params.psp);
    if (psp === undefined)
      return reply.code(404).send({ error: `no such PSP; there are ${PSPS.join(', ')}` });
    const { mode, delayMs } = SetMode.parse(request.body);
    const entry = state.psp(psp);
    entry.mode = mode;
    if (delayMs !== undefined) entry.delayMs = delayMs;
    if (mode === 'down') await listeners[psp].down();
    else await listeners[psp].up();
    return describe(state, psp);
  });
  app.post('/admin/faults', async (request, reply) => {
    const { psp, behaviour, times = 1 } = AddFault.parse(request.body);
    state.psp(psp).faults.push(...Array.from({ length: times }, () => behaviour));
    return reply.code(201).send(describe(state, psp));
  });
  app.get<{ Querystring: Record<string, string> }>('/admin/ledger', async (request) => {
    const wanted = Object.entries(request.query);
    const charges = state.ledger.filter((entry) =>
      wanted.every(([name, value]) => String(entry[name as keyof typeof entry]) === value),
    );
    return { charges };
  });
  app.post('/admin/reset', async () => {
    state.reset();
    await Promise.all(PSPS.map((psp) => listeners[psp].up()));
    return { status: 'ok' };
  });
  return app;
}

function describe(state: SimulatorState, psp: Psp) {
  const { mode, delayMs, faults } = state.psp(psp);
  return { mode, delayMs, faults };
}
