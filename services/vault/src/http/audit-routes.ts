import {
  AnchorQuery,
  type AnchorVerdict,
  AuditQuery,
  JSON_LINES,
  VAULT_ID_HEADER,
} from '@cofferdam/contracts';
import { AuditAnchor } from '@cofferdam/contracts/audit';
import { type Merchants, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../audit/open-audit.ts';
import { readTrail } from '../audit/read-trail.ts';
import { auditEntry } from '../audit-entry.ts';
import { KeyManagementError } from '../kms/key-management.ts';
import { anchorsAfter } from '../storage/audit-anchors.ts';
import type { Vault } from '../vault.ts';
import { callerOf } from './request.ts';

const READS = { config: { access: { permission: 'audit:read', scope: 'merchants' } } } as const;

/** The audit trail, for auditors: rows and anchors as JSON lines, a page each, `Link` to the next. */
export function addAuditRoutes(app: FastifyInstance, vault: Vault, audit: Audit): void {
  app.get('/v1/audit', READS, async (request, reply) => {
    const { merchants } = callerOf(request);
    const { after, limit, from, to, merchant, token, action } = validate(AuditQuery, request.query);
    await auditReading(request, audit, vault.now());
    const filter = {
      merchants: narrowed(merchants, merchant),
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      token,
      actions: action?.split(','),
    };
    const page = await readTrail(vault.database, { filter, after, limit });
    return sendPage(request, reply, {
      vaultId: vault.vaultId,
      lines: page.rows.map((row) => JSON.stringify(row)),
      next: page.next,
    });
  });

  app.get('/v1/audit/anchors', READS, async (request, reply) => {
    const { after, limit } = validate(AnchorQuery, request.query);
    await auditReading(request, audit, vault.now());
    const page = await anchorsAfter(vault.database, after, limit);
    const { vaultId } = vault;
    return sendPage(request, reply, { vaultId, lines: page.anchors, next: page.next?.toString() });
  });

  app.post('/v1/audit/anchor-checks', { ...READS, bodyLimit: 1024 * 1024 }, async (request) => {
    const anchor = validate(AuditAnchor, request.body);
    return { verdict: await verdictOn(anchor, audit) } satisfies AnchorVerdict;
  });
}

async function verdictOn(anchor: AuditAnchor, audit: Audit): Promise<AnchorVerdict['verdict']> {
  try {
    return await audit.prove(anchor);
  } catch (error) {
    if (!(error instanceof KeyManagementError)) throw error;
    throw new ProblemError('key_unavailable', { detail: 'KMS cannot be asked at the moment.', cause: error });
  }
}

function narrowed(merchants: Merchants, wanted: string | undefined): Merchants {
  if (wanted === undefined) return merchants;
  if (merchants === '*' || merchants.includes(wanted)) return [wanted];
  throw new ProblemError('forbidden', { detail: 'This identity may not read the trail of that merchant.' });
}

/** PCI DSS 10.2.1.3: access to audit logs is logged. A reader of many pages is one entry a minute. */
async function auditReading(request: FastifyRequest, { bounded }: Audit, time: Date): Promise<void> {
  const { identity, merchant = '' } = callerOf(request);
  const detail = { route: request.routeOptions.url };
  const entry = auditEntry('audit.read', { identity, merchant, requestId: request.id }, '', time, detail);
  await bounded.add(entry, request.routeOptions.url ?? '');
}

function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { vaultId, lines, next }: { vaultId: string; lines: readonly string[]; next: string | undefined },
): FastifyReply {
  reply.type(JSON_LINES).header(VAULT_ID_HEADER, vaultId);
  if (next !== undefined) {
    const query = new URLSearchParams({ ...(request.query as Record<string, string>), after: next });
    reply.header('link', `<${request.routeOptions.url}?${query}>; rel="next"`);
  }
  return reply.send(lines.map((line) => `${line}\n`).join(''));
}
