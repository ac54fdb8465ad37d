import { CreateShredding, ShreddingId } from '@cofferdam/contracts';
import { ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readShredding, shredMerchant, toShredding } from '../shredding/shred-merchant.ts';
import type { Vault } from '../vault.ts';
import { needs, requesterOf } from './request.ts';

export function addShreddingRoutes(app: FastifyInstance, vault: Vault): void {
  app.put('/v1/shreddings/:shredding', needs('merchants:shred'), async (request, reply) => {
    const shredding = shreddingOf(request);
    const body = validate(CreateShredding, request.body);
    const { begun, stored } = await shredMerchant(vault, requesterOf(request), { shredding, body });
    return reply.code(begun ? 202 : 200).send(toShredding(vault, stored));
  });

  app.get('/v1/shreddings/:shredding', needs('merchants:shred'), async (request) =>
    toShredding(vault, await readShredding(vault, requesterOf(request).merchant, shreddingOf(request))),
  );
}

/** @throws {ProblemError} invalid_request */
function shreddingOf(request: FastifyRequest): string {
  const parsed = ShreddingId.safeParse((request.params as { shredding?: unknown }).shredding);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_request', {
    detail: 'A shredding is named by `shred_` and 26 random lower-case letters and digits.',
    errors: [{ field: 'shredding', message: 'must be shred_ and 26 lower-case letters and digits' }],
  });
}
