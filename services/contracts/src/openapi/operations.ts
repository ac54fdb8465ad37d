import { z } from 'zod';
import type { Operation } from './document.ts';

/** Routes that every service has beside its own. */
export const commonOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    operationId: 'health',
    summary: 'Whether the process lives',
    answers: [{ status: 200, description: 'It does.', schema: 'Health', example: { status: 'ok' } }],
  },
  {
    method: 'get',
    path: '/statusz',
    operationId: 'readStatus',
    summary: 'What the operator and the CLI read of a running service',
    permission: 'status:read',
    answers: [{ status: 200, description: 'The state of this process.', schema: 'Statusz' }],
  },
];

export const Health = z.strictObject({ status: z.literal('ok') });
