import {
  AgreementId,
  CreateAgreement,
  CreateCustomer,
  CustomerId,
  DeleteCustomer,
  ListAgreements,
  ListCustomers,
  type ProblemCode,
  PutOnFile,
  Token,
  UpdateAgreement,
  UpdateCustomer,
} from '@cofferdam/contracts';
import { type Access, ProblemError, validate } from '@cofferdam/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { createAgreement } from '../customers/create-agreement.ts';
import { createCustomer } from '../customers/create-customer.ts';
import { deleteCustomer } from '../customers/delete-customer.ts';
import { putOnFile } from '../customers/put-on-file.ts';
import { listAgreements, readAgreement } from '../customers/read-agreements.ts';
import { listCredentials, readCredential } from '../customers/read-credentials.ts';
import { listCustomers, readCustomer } from '../customers/read-customers.ts';
import { takeOffFile } from '../customers/take-off-file.ts';
import { updateAgreement } from '../customers/update-agreement.ts';
import { updateCustomer } from '../customers/update-customer.ts';
import { entityTag } from '../domain/if-match.ts';
import type { Vault } from '../vault.ts';
import { callerOf, idempotencyKeyOf, needs, requesterOf } from './request.ts';

/** Card on file. */
export function addCustomerRoutes(
  app: FastifyInstance,
  vault: Vault,
  access: Pick<Access, 'allowedMerchants'>,
): void {
  addCustomers(app, vault, access);
  addCredentials(app, vault);
  addAgreements(app, vault);
}

function addCustomers(app: FastifyInstance, vault: Vault, access: Pick<Access, 'allowedMerchants'>): void {
  app.post('/v1/customers', needs('customers:write'), async (request, reply) => {
    const idempotencyKey = idempotencyKeyOf(request);
    const body = validate(CreateCustomer, request.body);
    const answer = await createCustomer(vault, { by: requesterOf(request), idempotencyKey, body });
    reply.code(201).header('location', `/v1/customers/${answer.customer}`);
    return tagged(reply, answer);
  });

  app.get('/v1/customers', needs('customers:read'), async (request) =>
    listCustomers(vault, requesterOf(request).merchant, validate(ListCustomers, request.query)),
  );

  app.get('/v1/customers/:customer', needs('customers:read'), async (request, reply) =>
    tagged(reply, await readCustomer(vault, requesterOf(request).merchant, customerOf(request))),
  );

  app.patch('/v1/customers/:customer', needs('customers:write'), async (request, reply) => {
    const answer = await updateCustomer(vault, {
      by: requesterOf(request),
      customer: customerOf(request),
      idempotencyKey: idempotencyKeyOf(request),
      ifMatch: request.headers['if-match'],
      body: validate(UpdateCustomer, request.body),
    });
    return tagged(reply, answer);
  });

  app.delete('/v1/customers/:customer', needs('customers:delete'), async (request, reply) => {
    const customer = customerOf(request);
    const { tokens = 'keep' } = validate(DeleteCustomer, request.query);
    const by = requesterOf(request);
    if (tokens === 'erase') mayDeleteTokens(access, request, by.merchant);
    await deleteCustomer(vault, by, { customer, tokens });
    return reply.code(204).send();
  });
}

/** Nothing implies anything else: who may delete customers may not by that delete cards. @throws {ProblemError} forbidden */
function mayDeleteTokens(
  access: Pick<Access, 'allowedMerchants'>,
  request: FastifyRequest,
  merchant: string,
): void {
  const merchants = access.allowedMerchants(callerOf(request).identity, 'tokens:delete');
  if (merchants === '*' || merchants.includes(merchant)) return;
  throw new ProblemError('forbidden', {
    detail: 'No access rule gives this identity tokens:delete for the merchant.',
  });
}

function addCredentials(app: FastifyInstance, vault: Vault): void {
  const path = '/v1/customers/:customer/credentials';

  app.post(path, needs('credentials:write'), async (request, reply) => {
    const customer = customerOf(request);
    const idempotencyKey = idempotencyKeyOf(request);
    const body = validate(PutOnFile, request.body);
    const by = requesterOf(request);
    const { status, answer } = await putOnFile(vault, { by, customer, idempotencyKey, body });
    reply.code(status).header('location', `/v1/customers/${customer}/credentials/${answer.token}`);
    return reply.send(answer);
  });

  app.get(path, needs('credentials:read'), async (request) =>
    listCredentials(vault, requesterOf(request).merchant, customerOf(request)),
  );

  app.get(`${path}/:token`, needs('credentials:read'), async (request) => {
    const customer = customerOf(request);
    const token = parameterOf(request, 'token', { schema: Token, unknown: 'credential_not_found' });
    return readCredential(vault, requesterOf(request).merchant, { customer, token });
  });

  app.delete(`${path}/:token`, needs('credentials:write'), async (request, reply) => {
    const customer = customerOf(request);
    const token = parameterOf(request, 'token', { schema: Token, unknown: 'credential_not_found' });
    await takeOffFile(vault, requesterOf(request), { customer, token });
    return reply.code(204).send();
  });
}

function addAgreements(app: FastifyInstance, vault: Vault): void {
  app.post('/v1/agreements', needs('agreements:write'), async (request, reply) => {
    const idempotencyKey = idempotencyKeyOf(request);
    const body = validate(CreateAgreement, request.body);
    const answer = await createAgreement(vault, { by: requesterOf(request), idempotencyKey, body });
    reply.code(201).header('location', `/v1/agreements/${answer.agreement}`);
    return tagged(reply, answer);
  });

  app.get('/v1/agreements', needs('agreements:read'), async (request) =>
    listAgreements(vault, requesterOf(request).merchant, validate(ListAgreements, request.query)),
  );

  app.get('/v1/agreements/:agreement', needs('agreements:read'), async (request, reply) =>
    tagged(reply, await readAgreement(vault, requesterOf(request).merchant, agreementOf(request))),
  );

  app.patch('/v1/agreements/:agreement', needs('agreements:write'), async (request, reply) => {
    const answer = await updateAgreement(vault, {
      by: requesterOf(request),
      agreement: agreementOf(request),
      idempotencyKey: idempotencyKeyOf(request),
      ifMatch: request.headers['if-match'],
      body: validate(UpdateAgreement, request.body),
    });
    return tagged(reply, answer);
  });
}

const customerOf = (request: FastifyRequest): string =>
  parameterOf(request, 'customer', { schema: CustomerId, unknown: 'customer_not_found' });

const agreementOf = (request: FastifyRequest): string =>
  parameterOf(request, 'agreement', { schema: AgreementId, unknown: 'agreement_not_found' });

/** What does not look like a name of ours is the name of nothing. */
function parameterOf<S extends z.ZodType<string>>(
  request: FastifyRequest,
  name: string,
  { schema, unknown }: { schema: S; unknown: ProblemCode },
): string {
  const parsed = schema.safeParse((request.params as Record<string, unknown>)[name]);
  if (!parsed.success) throw new ProblemError(unknown);
  return parsed.data;
}

function tagged(reply: FastifyReply, answer: { version: number }): FastifyReply {
  return reply.header('etag', entityTag(answer.version)).send(answer);
}
