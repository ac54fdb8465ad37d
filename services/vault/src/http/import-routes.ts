import { Readable } from 'node:stream';
import { ImportId, MAX_IMPORT_BYTES } from '@cofferdam/contracts';
import { type Counter, longUpload, ProblemError, type RateLimiter } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { importResults, readImport, writeResults } from '../updating/file/import-results.ts';
import type { Vault } from '../vault.ts';
import { callerOf, needs, requesterOf } from './request.ts';

const CSV = 'text/csv';
const LIMITS = { stalledMs: 15_000, mostBytes: MAX_IMPORT_BYTES };

/** Files of results: in as a stream, and what became of each row out as one. */
export function addImportRoutes(
  app: FastifyInstance,
  vault: Vault,
  { updates, rateLimiter }: { updates: Counter; rateLimiter: RateLimiter | undefined },
): void {
  const options = needs('credentials:update');
  app.get('/v1/credential-imports/:import', options, async (request) => readImport(vault, placeOf(request)));

  app.get('/v1/credential-imports/:import/results', options, async (request, reply) => {
    const place = placeOf(request);
    await readImport(vault, place);
    return reply.type(CSV).send(Readable.from(writeResults(vault, place)));
  });

  // In a scope of its own: no other route takes anything but JSON.
  app.register(async (scope) => {
    scope.addContentTypeParser(CSV, (_request, payload, done) => done(null, payload));
    scope.put('/v1/credential-imports/:import', options, async (request) => {
      const { body } = request;
      if (!(body instanceof Readable)) {
        throw new ProblemError('unsupported_media_type', { detail: 'Send the file as text/csv.' });
      }
      const { source } = placeOf(request);
      const { issuer, subject } = callerOf(request).identity;
      return importResults(vault, {
        ...{ by: requesterOf(request), source, updates },
        body: longUpload(request.raw, body, LIMITS),
        onRows: (count) => rateLimiter?.charge(`${issuer} ${subject}`, count),
      });
    });
  });
}

/** @throws {ProblemError} not_found, merchant_required */
function placeOf(request: FastifyRequest): { merchant: string; source: string } {
  const parsed = ImportId.safeParse((request.params as { import?: unknown }).import);
  if (!parsed.success) {
    throw new ProblemError('not_found', {
      detail: 'The id of an import is `imp_` and 26 lower-case letters and digits.',
    });
  }
  return { merchant: requesterOf(request).merchant, source: parsed.data };
}
