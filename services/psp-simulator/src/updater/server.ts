import { PROBLEM_STATUS, type ProblemCode, UpdaterBatch } from '@cofferdam/contracts';
import { listenerOptions, type ServerCredentials } from '@cofferdam/runtime';
import Fastify, { type FastifyInstance } from 'fastify';
import { deliver, perform } from '../perform.ts';
import type { Answer } from '../state.ts';
import type { UpdaterState } from './state.ts';

export interface UpdaterOptions {
  readonly state: UpdaterState;
  readonly now: () => Date;
  /** When given, the only tokens that are taken. */
  readonly tokens: readonly string[];
  readonly slowMs: number;
  readonly tls: ServerCredentials | 'plaintext';
}

const problem = (code: ProblemCode): Answer => ({
  status: PROBLEM_STATUS[code],
  body: { type: `urn:cofferdam:problem:${code}`, title: code, status: PROBLEM_STATUS[code], code },
});

/** The protocol by which the vault asks an account updater service (docs/credential-updates.md). */
export function buildUpdater(options: UpdaterOptions): FastifyInstance {
  const { state, now, tokens, slowMs } = options;
  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    ...listenerOptions(options.tls),
  }) as unknown as FastifyInstance;
  app.addHook('onRequest', async ({ headers }, reply) => {
    const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
    if (token === undefined || (tokens.length > 0 && !tokens.includes(token))) {
      const { status, body } = problem('unauthenticated');
      return reply.code(status).send(body);
    }
    return undefined;
  });
  const perhaps = (process: () => Answer) =>
    perform({
      ...{ behaviour: state.faults.shift() ?? 'answer', delayMs: slowMs, process },
      ...{ failure: problem('internal_error'), rateLimited: problem('rate_limited') },
      ...{ remembersFailures: false, settle: () => {} },
    });
  app.post('/v1/batches', async ({ body }, reply) => {
    const parsed = UpdaterBatch.safeParse(body);
    const process = (): Answer => {
      if (!parsed.success) return problem('invalid_request');
      state.submit(parsed.data, now());
      return { status: 202, body: { batch: parsed.data.batch } };
    };
    return deliver(reply, await perhaps(process));
  });
  app.get<{ Params: { batch: string } }>('/v1/batches/:batch', async ({ params }, reply) => {
    const process = (): Answer => {
      const answer = state.answer(params.batch, now());
      return answer ? { status: 200, body: answer } : problem('not_found');
    };
    return deliver(reply, await perhaps(process));
  });
  return app;
}
