import type { ChargeResult, CreateCharge } from '@cofferdam/contracts';
import { provisionDatabases, startTestPostgres } from '@cofferdam/devcluster/addons';
import {
  createLogger,
  createPool,
  type Database,
  databaseOver,
  migrate,
  ProblemError,
  readEvents,
  START,
} from '@cofferdam/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPayment } from '../src/create-payment.ts';
import { migrations } from '../src/migrations.ts';
import type { Router } from '../src/router.ts';

const MERCHANT = 'acme';
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database;

beforeAll(async () => {
  postgres = await startTestPostgres();
  const { host, port, adminUrl } = postgres;
  const { router } = await provisionDatabases(adminUrl, { host, port });
  const open = (role: 'owner' | 'app') => {
    const { dbname, username, password } = router[role];
    return databaseOver(
      createPool({ host, port, dbname, username, password }, { applicationName: `test-${role}` }),
    );
  };
  const owner = open('owner');
  await migrate(owner, { migrations, vaultId: 'acme-dev', appRole: router.app.username });
  await owner.close();
  database = open('app');
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

/** Commits, and loses the reply to the commits of these numbers, counted from 1. */
function losing(replies: readonly number[]): Database {
  let commits = 0;
  return {
    ...database,
    transaction: async (work) => {
      const result = await database.transaction(work);
      commits++;
      if (replies.includes(commits)) throw new ProblemError('database_unavailable');
      return result;
    },
  };
}

const connector = (name: string, priority: number) => ({
  ...{ name, provider: name, url: `https://${name}.test`, subject: name, priority },
  ...{ accounts: [{ name: 'main', merchants: [MERCHANT] }], weight: 1, timeoutMs: 1000 },
});

/** A router over that database, and what its connectors were asked. */
function routerOver(over: Database, answers: Record<string, ChargeResult>) {
  const asked: CreateCharge[] = [];
  const router: Router = {
    database: over,
    vault: {
      readToken: async (_merchant, token) => ({
        token,
        card: {
          ...{ cardId: `card_${'0'.repeat(26)}`, brand: 'visa', bin: '42424242' },
          ...{ lastFour: '4242', expiryMonth: 12, expiryYear: 2030 },
        },
        state: 'active',
        createdAt: new Date().toISOString(),
      }),
      grant: async () => `grant_${'g'.repeat(43)}`,
    },
    connectors: {
      charge: async ({ name }, charge) => {
        asked.push(charge);
        return answers[name] ?? { outcome: 'approved', processed: 'yes', code: 'approved' };
      },
      close: async () => {},
    },
    routing: () => ({ connectors: [connector('stripe', 2), connector('adyen', 1)], rules: [] }),
    digestKey: async () => Buffer.alloc(32),
    now: () => new Date(),
    logger: createLogger({ service: 'router', level: 'silent' }),
  };
  const pay = (idempotencyKey: string) =>
    createPayment(router, {
      ...{ merchant: MERCHANT, idempotencyKey, requestId: 'req_test' },
      body: { token: `tok_${'0'.repeat(26)}`, amount: 1050, currency: 'EUR' },
    });
  return { pay, asked };
}

const DECLINED: ChargeResult = { outcome: 'soft_decline', processed: 'no', code: 'insufficient_funds' };

describe('a payment whose commits are not acknowledged', () => {
  // Commit 1 is the intent; each attempt has one before it and one after it.
  it.each([
    ['before the attempt', [2]],
    ['after the attempt', [3]],
    ['several times', [2, 3, 4, 5]],
  ])('asks each connector once: %s', async (name, replies) => {
    const { pay, asked } = routerOver(losing(replies), { stripe: DECLINED });
    const { payment } = await pay(`key ${name}`);
    expect(payment.status).toBe('captured');
    expect(payment.attempts.map(({ outcome }) => outcome)).toEqual(['soft_decline', 'approved']);
    expect(asked.map(({ attemptId }) => attemptId)).toEqual(payment.attempts.map(({ id }) => id));
    const { events } = await readEvents(database, { vaultId: 'acme-dev', after: START, limit: 500 });
    expect(events.filter(({ subject }) => subject === payment.id).map(({ type }) => type)).toEqual([
      'payment.created',
      'payment.captured',
    ]);
  });

  it('asks nobody when that was the intent, and a repetition asks nobody either', async () => {
    const { pay, asked } = routerOver(losing([1]), {});
    await expect(pay('key-intent')).rejects.toMatchObject({ code: 'database_unavailable' });
    await expect(pay('key-intent')).rejects.toMatchObject({ code: 'request_in_progress' });
    expect(asked).toEqual([]);
  });

  it('names the payment, and warns of a new key, when it fails after its intent', async () => {
    const failing: Database = {
      ...database,
      query: async (statement) => {
        if (statement.name === 'find-payment') throw new ProblemError('database_unavailable');
        return database.query(statement);
      },
    };
    const { pay, asked } = routerOver(failing, {});
    await expect(pay('key-names')).rejects.toMatchObject({
      code: 'database_unavailable',
      detail: expect.stringMatching(/pay_[0-9a-z]{26} .* a new key could charge twice/),
    });
    expect(asked).toHaveLength(1);
  });
});
