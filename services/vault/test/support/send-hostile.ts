import { randomUUID } from 'node:crypto';
import { Problem } from '@cofferdam/contracts';
import { expect } from 'vitest';
import type { HostileRequest } from './hostile-requests.ts';
import type { RunningVault } from './running-vault.ts';
import { CARDS } from './vault-caller.ts';
import { SUBJECTS } from './vault-world.ts';

/** Sends it, and holds the answer to what every answer has to be. @returns the route and the status */
export async function sendHostile(running: RunningVault, request: HostileRequest): Promise<[string, number]> {
  const { route, method, path, headers, body, as } = request;
  const token = await running.world.issuer.sign({ subject: SUBJECTS[as] });
  const response = await running.world.tls.fetch(`${await running.vault.url()}${path}`, {
    method,
    headers: {
      ...(as === 'router' ? { 'cofferdam-merchant': 'acme' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      ...headers,
      authorization: `Bearer ${token}`,
    },
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(500);
  if (response.status < 400) return [route, response.status];
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = Problem.parse(JSON.parse(text));
  expect(problem.status).toBe(response.status);
  expect(text).not.toContain(CARDS.visa);
  return [route, response.status];
}
