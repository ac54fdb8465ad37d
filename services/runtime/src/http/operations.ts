import type { Statusz } from '@cofferdam/contracts';
import type { FastifyInstance } from 'fastify';
import type { AppOptions } from './app.ts';

/** `/healthz`, `/readyz`, `/metrics` without a token (the kubelet and Prometheus have none), `/statusz` with one. */
export function addOperationsRoutes(app: FastifyInstance, options: AppOptions): void {
  const open = { config: { access: 'public' as const } };

  app.get('/healthz', open, async () => ({ status: 'ok' }));

  app.get('/readyz', open, async (_request, reply) => {
    const report = await options.readiness.report();
    return reply.code(report.ready ? 200 : 503).send(report);
  });

  app.get('/metrics', open, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await options.metrics.text()),
  );

  const { status } = options;
  if (status && options.access) {
    app.get(
      '/statusz',
      { config: { access: { permission: 'status:read', scope: 'workload' } } },
      async () => ({
        ...(await status()),
        ...certificateStatus(options.tls),
      }),
    );
  }
}

function certificateStatus(tls: AppOptions['tls']): Pick<Statusz, 'certificate'> {
  if (tls === 'plaintext') return {};
  const [expiresAt, detail] = [tls.expiresAt()?.toISOString(), tls.problem()];
  return {
    certificate: {
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(detail === undefined ? {} : { detail }),
    },
  };
}
