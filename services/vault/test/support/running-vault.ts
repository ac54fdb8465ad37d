import { randomUUID } from 'node:crypto';
import { connectionOf, dumpDatabase, type Finding, huntCardNumbers } from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { cardNumber } from './card-numbers.ts';
import { type Answer, CARDS, type Caller, callerOf, card } from './vault-caller.ts';
import type { VaultProcess } from './vault-process.ts';
import { createWorld, SUBJECTS, type World } from './vault-world.ts';

/** A migrated world with a vault that serves, and what tests of its API do all the time. */
export interface RunningVault {
  world: World;
  vault: VaultProcess;
  call: Caller;
  /** The role that owns the schema: sees and changes everything. */
  owner: pg.Pool;
  /** A number that passes Luhn, another one at each call. */
  freshNumber(): string;
  tokenize(number: string, more?: TokenizeOptions): Promise<Answer>;
  /** A grant for the stripe connector, as the router asks for it. */
  grantFor(token: string, more?: Record<string, unknown>, merchant?: string): Promise<Grant>;
  /** Looks for every number used so far in tables, logs and answers. */
  hunt(): Promise<Finding[]>;
  close(): Promise<void>;
}

export interface TokenizeOptions {
  as?: keyof typeof SUBJECTS;
  headers?: Record<string, string>;
  card?: Record<string, unknown>;
}

export interface Grant {
  attemptId: string;
  connector: string;
  grant: string;
  answer: Answer;
}

/** @param env settings beside those that every pod has */
export async function startVault(env: Record<string, string> = {}): Promise<RunningVault> {
  const world = await createWorld();
  if ((await world.migrate()) !== 0) throw new Error(world.output.join('\n'));
  const vault = await world.serve(env);
  const answers: string[] = [];
  const call = recordAnswers(callerOf(world, await vault.url()), answers);
  const owner = new pg.Pool(connectionOf(world.databases.owner)).on('error', () => undefined); // tests end connections on purpose
  let used = 0;
  return {
    ...{ world, vault, call, owner },
    freshNumber: () => cardNumber(++used),
    tokenize: (number, { card: fields, ...more } = {}) =>
      call({ path: '/v1/tokens', body: card(number, fields), ...more }),
    grantFor: async (token, more = {}, merchant = 'acme') => {
      const scope = { attemptId: newAttemptId(), connector: 'stripe', ...more };
      const answer = await call({
        path: '/v1/reveal-grants',
        as: 'router',
        headers: { 'cofferdam-merchant': merchant },
        body: { token, paymentId: `pay_${signs()}`, subject: SUBJECTS.stripe, purpose: 'charge', ...scope },
      });
      return { attemptId: scope.attemptId, connector: scope.connector, grant: answer.body.grant, answer };
    },
    hunt: async () => {
      const numbers = Array.from({ length: used }, (_, i) => cardNumber(i + 1));
      const url = new URL(world.postgres.adminUrl);
      url.pathname = '/vault';
      const sources = [
        ...(await dumpDatabase(url.href)),
        { name: 'output', content: world.output.join('\n') },
        { name: 'answers', content: answers.join('\n') },
      ];
      return huntCardNumbers(sources, [...Object.values(CARDS), ...numbers]);
    },
    close: async () => {
      await owner.end();
      await world.close();
    },
  };
}

/** The card of a grant, as the stripe connector asks for it. */
export function redeem({ call }: RunningVault, { grant, attemptId, connector }: Grant): Promise<Answer> {
  return call({ path: '/v1/reveals', as: 'stripe', body: { grant, attemptId, connector } });
}

/** The card of a token of acme. */
export async function reveal(running: RunningVault, token: string): Promise<Answer> {
  return redeem(running, await running.grantFor(token));
}

export function newAttemptId(): string {
  return `att_${signs()}`;
}

function signs(): string {
  return randomUUID().replaceAll('-', '').slice(0, 26);
}

/** A reveal is the one answer that may hold a card number. */
function recordAnswers(caller: Caller, answers: string[]): Caller {
  return async (request) => {
    const answer = await caller(request);
    const revealed = request.path === '/v1/reveals' && answer.status === 200;
    if (!revealed) answers.push(JSON.stringify(answer.body ?? ''));
    return answer;
  };
}
