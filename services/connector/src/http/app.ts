import { type ChargeResult, CreateCharge } from '@cofferdam/contracts';
import { type AppOptions, createApp, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { type ChargeDependencies, charge } from '../charge.ts';

/** The connector's one route, for the router. */
export function buildConnector(options: AppOptions, dependencies: ChargeDependencies): FastifyInstance {
  const app = createApp(options);
  app.post(
    '/v1/charges',
    { config: { access: { permission: 'charges:create', scope: 'merchants' } } },
    async (request): Promise<ChargeResult> => {
      const body = validate(CreateCharge, request.body);
      const allowed = request.caller?.merchants ?? [];
      if (allowed !== '*' && !allowed.includes(body.merchant)) {
        throw new ProblemError('forbidden', { detail: 'This identity may not charge for that merchant.' });
      }
      return charge(dependencies, body);
    },
  );
  return app;
}
