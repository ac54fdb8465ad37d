import type { Counter, Metrics, RateLimiter } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { lookUpBin } from '../domain/brand.ts';
import type { Vault } from '../vault.ts';
import { addBatchRoutes } from './batch-routes.ts';
import { binOf } from './request.ts';
import { addRevealRoutes } from './reveal-routes.ts';
import { addShreddingRoutes } from './shredding-routes.ts';
import { addTokenRoutes } from './token-routes.ts';

/** What routes of one kind share with those of another. */
export interface RouteParts {
  /** Of what was tokenized, by result. */
  tokens: Counter;
  rateLimiter: RateLimiter | undefined;
}

/** The vault's HTTP API: parse, call, answer. */
export function addRoutes(
  app: FastifyInstance,
  vault: Vault,
  { metrics, rateLimiter }: { metrics: Metrics; rateLimiter: RateLimiter | undefined },
): void {
  const tokens = metrics.meter.createCounter('cofferdam_tokens', {
    description: 'Tokenize requests, by result.',
  });
  addTokenRoutes(app, vault, { tokens, rateLimiter });
  addBatchRoutes(app, vault, { tokens, rateLimiter });
  addRevealRoutes(app, vault, metrics);
  addShreddingRoutes(app, vault);
  app.get(
    '/v1/bins/:bin',
    { config: { access: { permission: 'bins:read', scope: 'workload' } } },
    async (request) => lookUpBin(binOf(request)),
  );
}

/** The contract itself, for whoever wants to generate a client. */
export function addApiDescription(app: FastifyInstance, openapi: string): void {
  app.get('/openapi.json', { config: { access: 'public' } }, async (_request, reply) =>
    reply.type('application/json').send(openapi),
  );
}
