import type { EventPage } from '@cofferdam/contracts';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { ProblemError } from '../errors.ts';
import { validate } from '../http/validate.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { oldestKept, readEvents } from './read.ts';

const Query = z.strictObject({
  after: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** `GET /v1/events`: the outbox as a feed, for those without Kafka. A caller sees the events of its own merchants. */
export function addEventFeed(app: FastifyInstance, options: { database: Database; vaultId: string }): void {
  app.get(
    '/v1/events',
    { config: { access: { permission: 'events:read', scope: 'merchants' } } },
    async (request): Promise<EventPage> => {
      if (!request.caller) throw new ProblemError('forbidden');
      const query = validate(Query, request.query);
      const after = query.after === undefined ? await oldestKept(options.database) : parseCursor(query.after);
      const page = await readEvents(options.database, {
        vaultId: options.vaultId,
        after,
        limit: query.limit,
        merchants: request.caller.merchants,
      });
      if (page.expired) {
        throw new ProblemError('cursor_expired', {
          detail:
            'Events behind this cursor have been removed after the retention, or the database was restored to a time before it. Read the present state from the API, and begin again without `after`.',
        });
      }
      return { events: page.events, next: formatCursor(page.next) };
    },
  );
}
