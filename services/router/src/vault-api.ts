import { RevealGrant, type Token, TokenRecord } from '@cofferdam/contracts';
import { ProblemError, ServiceCallError, type ServiceClient } from '@cofferdam/runtime';
import type { z } from 'zod';
import type { Candidate } from './domain/selection.ts';

/** What the router asks of the vault. */
export interface VaultApi {
  /** @throws {ProblemError} token_not_found, vault_unavailable */
  readToken(merchant: string, token: z.infer<typeof Token>, requestId?: string): Promise<KnownToken>;
  /** A grant for one connector and one attempt. @throws {ServiceCallError} */
  grant(request: GrantRequest): Promise<string>;
}

/** Of what the vault says, what is needed here: during a roll-out it may be older or newer. */
const KnownToken = TokenRecord.pick({ token: true, card: true });
export type KnownToken = z.infer<typeof KnownToken>;

export interface GrantRequest {
  readonly merchant: string;
  readonly token: string;
  readonly paymentId: string;
  readonly attemptId: string;
  readonly connector: Candidate['connector'];
}

/** Longest wait for the vault, milliseconds. */
export const VAULT_TIMEOUT_MS = 3000;

/** A grant lives as long as its attempt may, and no longer than the contract allows. */
const MAX_GRANT_SECONDS = 300;

export function createVaultApi(client: ServiceClient): VaultApi {
  return {
    readToken: async (merchant, token, requestId) => {
      try {
        return await client.call({
          method: 'GET',
          path: '/v1/tokens/{token}',
          parameters: { token },
          answer: KnownToken,
          merchant,
          timeoutMs: VAULT_TIMEOUT_MS,
          ...(requestId === undefined ? {} : { requestId }),
        });
      } catch (error) {
        throw tokenProblem(error);
      }
    },
    grant: async ({ merchant, token, paymentId, attemptId, connector }) => {
      const { grant } = await client.call({
        method: 'POST',
        path: '/v1/reveal-grants',
        answer: RevealGrant,
        merchant,
        timeoutMs: VAULT_TIMEOUT_MS,
        body: {
          token,
          paymentId,
          attemptId,
          connector: connector.name,
          subject: connector.subject,
          purpose: 'charge',
          ttlSeconds: Math.min(MAX_GRANT_SECONDS, Math.ceil(connector.timeoutMs / 1000) + 5),
        },
      });
      return grant;
    },
  };
}

function tokenProblem(error: unknown): unknown {
  if (!(error instanceof ServiceCallError)) return error;
  if (error.problem?.code === 'token_not_found') {
    return new ProblemError('token_not_found', {
      detail: 'This merchant has no such token. Create one at the vault: POST /v1/tokens.',
    });
  }
  const found = error.problem?.code ?? error.failure;
  return new ProblemError('vault_unavailable', {
    detail: `The vault did not say what the token is (${found}). Nothing was charged; try again.`,
    cause: error,
  });
}
