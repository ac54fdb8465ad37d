import { z } from 'zod';
import { JSON_LINES } from '../audit-trail.ts';
import { Merchant, Token } from '../identifiers.ts';
import type { Operation, Parameter } from './document.ts';

const time = z.iso.datetime({ offset: true });

const pageParameters = (most: number): readonly Parameter[] => [
  {
    ...{ in: 'query', name: 'after', required: false, schema: z.string().max(700) },
    description: 'Of the `Link` of the page before.',
  },
  {
    ...{ in: 'query', name: 'limit', required: false, schema: z.int().min(1).max(most) },
    description: `Most lines of a page, 1 to ${most}. Default 1000. A page may have fewer, or none, and still have a next one.`,
  },
];

const filters: readonly Parameter[] = [
  { in: 'query', name: 'from', required: false, description: 'From this time on.', schema: time },
  { in: 'query', name: 'to', required: false, description: 'Before this time.', schema: time },
  { in: 'query', name: 'merchant', required: false, description: 'Of this merchant.', schema: Merchant },
  {
    ...{ in: 'query', name: 'token', required: false, schema: Token },
    description: 'About this token; the trail is then in order of time.',
  },
  {
    ...{ in: 'query', name: 'action', required: false, schema: z.string().max(800) },
    description: 'These actions, separated by commas, such as `token.revealed,reveal.refused`.',
  },
];

const NEXT = 'The header `Link` with `rel="next"` is there unless this is the last page.';

/** For auditors. */
export const auditOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/audit',
    operationId: 'readAuditTrail',
    summary: 'Read the audit trail',
    description: `JSON lines, one row each: chain after chain in order of position, which is how they are verified. A caller sees the rows of the merchants that its rules name; those that concern no merchant take \`*\`. ${NEXT}`,
    permission: 'audit:read',
    parameters: [...pageParameters(5000), ...filters],
    answers: [{ status: 200, description: 'A page.', schema: 'AuditRow', mediaType: JSON_LINES }],
    problems: ['invalid_request', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/audit/anchors',
    operationId: 'readAuditAnchors',
    summary: 'Read the anchors of the audit trail',
    description: `JSON lines, one anchor each, as they were published. These are the database's own copy: hold the trail against those that were kept elsewhere. ${NEXT}`,
    permission: 'audit:read',
    parameters: pageParameters(1000),
    answers: [{ status: 200, description: 'A page.', schema: 'AuditAnchor', mediaType: JSON_LINES }],
    problems: ['invalid_request', 'database_unavailable'],
  },
  {
    method: 'post',
    path: '/v1/audit/anchor-checks',
    operationId: 'checkAuditAnchor',
    summary: 'Ask whether KMS made the MAC of an anchor',
    permission: 'audit:read',
    body: {
      schema: 'AuditAnchor',
      example: {
        format: 'cofferdam audit anchor 1',
        vaultId: 'acme-prod-eu',
        run: 'payments-vault-7d9f6b5c4-x2x9z/run_0123456789abcdefghjkmnpqrs',
        sequence: 1,
        time: '2026-11-22T12:00:00.000Z',
        previous: [],
        heads: [],
        ends: false,
        hash: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
        key: 'aBcDeFgHiJkLmNoP',
        mac: 'AQICAHh',
      },
    },
    answers: [{ status: 200, description: 'What KMS says.', schema: 'AnchorVerdict' }],
    problems: ['key_unavailable'],
  },
];
