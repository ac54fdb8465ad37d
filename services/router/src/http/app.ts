import { type AppOptions, addEventFeed, createApp } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { createPayment } from '../create-payment.ts';
import { readPayment } from '../read-payment.ts';
import type { Router } from '../router.ts';
import { idempotencyKey, merchantOf, paymentBody, paymentId } from './request.ts';

export interface RouterAppOptions extends AppOptions {
  readonly router: Router;
  readonly vaultId: string;
  /** What `/openapi.json` answers. */
  readonly openapi: string;
}

/** The router's HTTP API: parse, call, answer. */
export function buildRouter(options: RouterAppOptions): FastifyInstance {
  const { router, vaultId, openapi } = options;
  const app = createApp(options);
  const payments = options.metrics.meter.createCounter('cofferdam_payments', {
    description: 'New payments, by status.',
  });

  app.post('/v1/payments', needs('payments:create'), async (request, reply) => {
    const { payment, replayed } = await createPayment(router, {
      merchant: merchantOf(request),
      idempotencyKey: idempotencyKey(request),
      body: paymentBody(request),
      requestId: request.id,
    });
    if (!replayed) payments.add(1, { status: payment.status });
    return reply
      .code(replayed ? 200 : 201)
      .header('location', `/v1/payments/${payment.id}`)
      .send(payment);
  });

  app.get('/v1/payments/:id', needs('payments:read'), async (request) =>
    readPayment(router, merchantOf(request), paymentId(request)),
  );

  addEventFeed(app, { database: router.database, vaultId });

  app.get('/openapi.json', { config: { access: 'public' } }, async (_request, reply) =>
    reply.type('application/json').send(openapi),
  );
  return app;
}

function needs(permission: 'payments:create' | 'payments:read') {
  return { config: { access: { permission, scope: 'merchant' as const } } };
}
