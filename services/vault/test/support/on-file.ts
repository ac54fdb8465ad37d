import { Agreement, Customer } from '@cofferdam/contracts';
import { expect, vi } from 'vitest';
import type { RunningVault } from './running-vault.ts';
import type { Answer, Call } from './vault-caller.ts';

export const TERMS = { type: 'recurring', initiator: 'merchant' } as const;

/** An agreement of acme, with all that it needs. */
export async function makeAgreement(running: RunningVault) {
  const { customer, token } = await onFile(running);
  const { body } = await running.call({ path: '/v1/agreements', body: { token, ...TERMS } });
  return { customer, token, agreement: Agreement.parse(body).agreement };
}

export async function makeCustomer({ call }: RunningVault, body: object = {}): Promise<string> {
  const answer = await call({ path: '/v1/customers', body });
  expect(answer.status).toBe(201);
  return Customer.parse(answer.body).customer;
}

/** A fresh token, on file for a customer. */
export async function onFile(running: RunningVault, more: { customer?: string; body?: object } = {}) {
  const { customer = await makeCustomer(running) } = more;
  const { token } = (await running.tokenize(running.freshNumber())).body;
  const answer = await putOnFile(running, customer, { token, ...more.body });
  expect(answer.status).toBe(201);
  return { customer, token };
}

/** As a client does it: what waited too long for somebody else is asked again. */
export async function settled(send: () => Promise<Answer>): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await send();
      expect(['request_in_progress', 'overloaded']).not.toContain(answer.body?.code);
      return answer;
    },
    { timeout: 20_000 },
  );
}

export const credentialsOf = (customer: string) => `/v1/customers/${customer}/credentials`;
export const putOnFile = ({ call }: RunningVault, customer: string, body: object, more: Partial<Call> = {}) =>
  call({ path: credentialsOf(customer), body, ...more });

/** What tests of it ask all the time. */
export function onFileCalls(vault: () => RunningVault) {
  const get = async (path: string) => (await vault().call({ path })).body;
  const customerOf = async (customer: string) => Customer.parse(await get(`/v1/customers/${customer}`));
  const patch = (path: string, body: object, headers: Record<string, string> = {}) =>
    vault().call({ method: 'PATCH', path, body, headers });
  const remove = (path: string, more: Partial<Call> = {}) =>
    vault().call({ method: 'DELETE', path, ...more });
  const codeOf = ({ status, body }: Answer) => [status, body?.code];
  const eventsOf = async (customer: string) => {
    const { rows } = await vault().owner.query<{ type: string; data: Record<string, unknown> }>(
      'SELECT type, data FROM outbox WHERE subject = $1 ORDER BY sequence',
      [customer],
    );
    return rows;
  };
  const actionsOf = async (customer: string) => {
    const { rows } = await vault().owner.query<{ action: string }>(
      `SELECT action FROM audit WHERE detail::json->>'customer' = $1 ORDER BY time, action`,
      [customer],
    );
    return rows.map(({ action }) => action);
  };
  return { get, customerOf, patch, remove, codeOf, eventsOf, actionsOf };
}
