import type { Metrics } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { lookUpBin } from '../domain/brand.ts';
import type { Vault } from '../vault.ts';
import { binOf } from './request.ts';
import { addRevealRoutes } from './reveal-routes.ts';
import { addShreddingRoutes } from './shredding-routes.ts';
import { addTokenRoutes } from './token-routes.ts';

/** The vault's HTTP API: parse, call, answer. */
export function addRoutes(app: FastifyInstance, vault: Vault, metrics: Metrics): void {
  addTokenRoutes(app, vault, metrics);
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
