import { CreateRevealGrant, Reveal } from '@cofferdam/contracts';
import { type Metrics, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { createRevealGrant } from '../create-reveal-grant.ts';
import { reveal } from '../reveal.ts';
import type { Vault } from '../vault.ts';
import { callerOf, needs, requesterOf } from './request.ts';

/** Grants for the router, reveals for connectors. */
export function addRevealRoutes(app: FastifyInstance, vault: Vault, metrics: Metrics): void {
  const reveals = metrics.meter.createCounter('cofferdam_reveals', { description: 'Reveals, by outcome.' });

  app.post('/v1/reveal-grants', needs('grants:create'), async (request, reply) => {
    const body = validate(CreateRevealGrant, request.body);
    return reply.code(201).send(await createRevealGrant(vault, requesterOf(request), body));
  });

  app.post(
    '/v1/reveals',
    { config: { access: { permission: 'tokens:reveal', scope: 'merchants' } } },
    async (request) => {
      const { identity, merchants } = callerOf(request);
      const body = validate(Reveal, request.body);
      const revealing = reveal(vault, { identity, merchants, requestId: request.id, body });
      revealing.then(
        () => reveals.add(1, { outcome: 'revealed' }),
        (error: unknown) =>
          reveals.add(1, { outcome: error instanceof ProblemError ? error.code : 'internal_error' }),
      );
      return revealing;
    },
  );
}
