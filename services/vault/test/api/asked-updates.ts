import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newNumber, type Simulator, startSimulator } from '@cofferdam/psp-simulator';
import { createLogger, createMetrics, Lifecycle } from '@cofferdam/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readServeConfig } from '../../src/config.ts';
import { updateCounter } from '../../src/updating/metrics.ts';
import { openAccountUpdater } from '../../src/updating/pull/account-updater.ts';
import { createUpdaterJob, type UpdaterJob } from '../../src/updating/pull/run-updater.ts';
import { requestCardInquiries } from '../../src/updating/request-inquiries.ts';
import { newReplica, type Replica } from '../support/replica.ts';
import { type RunningVault, reveal } from '../support/running-vault.ts';

const INTERVAL_MS = 60_000;

/** What the updater service says of cards that it is asked about, by replicas whose clocks the test moves. */
export function askedUpdates(of: () => RunningVault): void {
  let simulator: Simulator;
  let replica: Replica;
  let job: UpdaterJob;
  const lifecycle = new Lifecycle();
  const metrics = createMetrics();
  const soon = new Date(Date.now() + 20 * 86_400_000);
  const expiry = { expiryMonth: soon.getUTCMonth() + 1, expiryYear: soon.getUTCFullYear() };

  beforeAll(async () => {
    const { world } = of();
    simulator = await startSimulator({ tls: world.tls.credentials, updaterTokens: ['secret'], slowMs: 1 });
    replica = await newReplica(world, { generation: 0 });
    const tokenFile = join(world.directory, 'updater-token');
    writeFileSync(tokenFile, 'secret\n');
    job = await newJob(tokenFile);
  });
  afterAll(async () => {
    await lifecycle.close(undefined, 5000);
    await replica?.close();
    await simulator?.close();
    await metrics.close();
  });

  async function newJob(tokenFile: string): Promise<UpdaterJob> {
    const { world } = of();
    const config = readServeConfig({
      ...world.environment(),
      ACCOUNT_UPDATER_URL: simulator.updaterUrl,
      ACCOUNT_UPDATER_TOKEN_FILE: tokenFile,
      ACCOUNT_UPDATER_CA_FILE: world.tls.caFile,
    });
    const logger = createLogger({ service: 'vault', level: 'silent' });
    const updater = await openAccountUpdater(config, { lifecycle, logger, metrics });
    if (!updater) throw new Error('no updater is configured');
    const settings = { days: 30, batchSize: 4, intervalMs: INTERVAL_MS };
    return createUpdaterJob(replica.vault, { updater, settings, metrics, updates: updateCounter(metrics) });
  }

  /** A number of which the updater says what the tens digit asks for. */
  const numberOf = (tens: string): string => {
    for (;;) {
      const number = of().freshNumber();
      if (number.at(-2) === tens) return number;
    }
  };
  const tokenOf = async (number: string) => (await of().tokenize(number, { card: expiry })).body.token;
  /** Steps until every inquiry has an answer, each a while after the one before. */
  const untilAnswered = async (running = [job]) => {
    for (let i = 0; i < 60; i++) {
      await Promise.all(running.map((one) => one.step().catch(() => {})));
      const { rowCount } = await of().owner.query('SELECT 1 FROM card_inquiries WHERE answered_at IS NULL');
      if (rowCount === 0 && i > 2) return;
      replica.pass(2 * INTERVAL_MS);
    }
    const { rows } = await of().owner.query('SELECT * FROM updater_batches');
    throw new Error(`there is no answer: ${JSON.stringify(rows)}`);
  };
  const read = async (token: string) =>
    (await of().call({ path: `/v1/tokens/${token}` })).body as unknown as Record<string, unknown>;
  const actionsOf = async (token: string) => {
    const { rows } = await of().owner.query(
      `SELECT action FROM audit WHERE token = $1 AND action <> 'token.created' ORDER BY time, position`,
      [token],
    );
    return rows.map(({ action }) => action);
  };
  const ask = async (...tokens: string[]) => {
    // What was asked about by the test before counts as long ago.
    await of().owner.query(`UPDATE card_inquiries SET answered_at = answered_at - interval '30 days'`);
    return requestCardInquiries(replica.vault, 'acme', tokens);
  };

  it('asks about cards that are about to expire, in batches, and applies what it is told', async () => {
    const codes = ['1', '2', '3', '4', '5', '6'];
    const numbers = codes.map(numberOf);
    const tokens = await Promise.all(numbers.map(tokenOf));
    const { body: other } = await of().tokenize(numberOf('1'));
    await untilAnswered();

    const { expiryMonth, expiryYear } = expiry;
    const renewed = { expiryMonth, expiryYear: expiryYear + 4 };
    const shown = await Promise.all(tokens.map(read));
    expect(shown).toMatchObject([
      { recordVersion: 2, card: renewed },
      { recordVersion: 2, card: renewed },
      { recordVersion: 2, cardState: 'closed' },
      { recordVersion: 2, cardState: 'contact_cardholder' },
      { recordVersion: 1 },
      { recordVersion: 1 },
    ]);
    const [first = '', second = '', third = '', , , last = ''] = tokens;
    expect((await reveal(of(), first)).body.card).toEqual({
      number: newNumber(numbers[0] ?? ''),
      ...renewed,
    });
    // Who was shown the card is told by the audit, and what came of it.
    expect((await actionsOf(second)).slice(0, 2)).toEqual(['card.inquired', 'credential.updated']);
    expect((await actionsOf(third)).slice(0, 2)).toEqual(['card.inquired', 'credential.closed']);
    expect((await actionsOf(last)).slice(0, 2)).toEqual(['card.inquired', 'credential.update_ignored']);
    // Another expiry is not asked about, and no batch is larger than it may be.
    expect(await actionsOf(other.token)).toEqual([]);
    expect([...simulator.state.updater.batches.values()].map(({ results }) => results.length)).toEqual([
      4, 2,
    ]);
  });

  it('applies each answer once, though it is late, in parts, twice, half nonsense, and the batch was sent twice', async () => {
    simulator.state.updater.reset();
    simulator.state.updater.mode = { lateMs: 0, parts: 2, twice: true, nonsenseEvery: 4 };
    simulator.state.updater.faults.push('error-after', 'error-before', 'rate-limit', 'reset-after');
    const tokens = await Promise.all(['1', '2', '3', '4'].map((tens) => tokenOf(numberOf(tens))));
    expect(await ask(...tokens, 'tok_00000000000000000000000000')).toEqual({
      accepted: 4,
      recent: 0,
      unknown: 1,
    });
    expect(await requestCardInquiries(replica.vault, 'acme', tokens)).toMatchObject({
      accepted: 0,
      recent: 4,
    });
    const token = join(of().world.directory, 'updater-token');
    await untilAnswered([job, await newJob(token)]);

    const [batch] = simulator.state.updater.batches.values();
    expect(batch?.submissions).toBeGreaterThan(1);
    const { rows } = await of().owner.query(
      `SELECT token, count(*)::integer AS changes FROM audit
       WHERE token = ANY ($1) AND action IN ('credential.updated', 'credential.closed') GROUP BY token`,
      [tokens],
    );
    // Of the fourth the updater spoke nonsense.
    expect(new Map(rows.map((row) => [row.token, row.changes]))).toEqual(
      new Map(
        tokens
          .toSorted()
          .slice(0, 3)
          .map((one) => [one, 1]),
      ),
    );
    const { rows: problems } = await of().owner.query(
      'SELECT problem FROM credential_updates WHERE token = ANY ($1) AND problem IS NOT NULL',
      [tokens],
    );
    expect(problems).toEqual([{ problem: 'invalid_request' }]);
  });

  it('takes an answer for late when the card has changed since it was asked about, and passes over who is gone', async () => {
    simulator.state.updater.reset();
    const [changed, gone] = [await tokenOf(numberOf('2')), await tokenOf(numberOf('1'))];
    await ask(changed, gone);
    replica.pass(2 * INTERVAL_MS);
    await job.step();
    expect(simulator.state.updater.batches.size).toBe(1);
    const path = `/v1/tokens/${changed}`;
    await of().call({ method: 'PATCH', path, body: { card: { expiryYear: expiry.expiryYear + 1 } } });
    await of().call({ method: 'DELETE', path: `/v1/tokens/${gone}` });
    await untilAnswered();
    expect(await read(changed)).toMatchObject({
      recordVersion: 2,
      card: { expiryYear: expiry.expiryYear + 1 },
    });
    expect(await actionsOf(changed)).toContain('credential.update_ignored');
    const { rowCount } = await of().owner.query('SELECT 1 FROM card_inquiries WHERE token = $1', [gone]);
    expect(rowCount).toBe(0);
  });

  it('gives a batch up that is never answered, and sends one again that the updater has forgotten', async () => {
    simulator.state.updater.reset();
    simulator.state.updater.mode.lateMs = 30 * 86_400_000;
    const token = await tokenOf(numberOf('2'));
    await ask(token);
    replica.pass(2 * INTERVAL_MS);
    await job.step();
    simulator.state.updater.batches.clear();
    replica.pass(2 * INTERVAL_MS);
    for (let i = 0; i < 3; i++) {
      await job.step();
      replica.pass(2 * INTERVAL_MS);
    }
    expect(simulator.state.updater.batches.size).toBe(1);
    simulator.state.updater.mode.lateMs = 0;
    simulator.state.updater.batches.clear();
    replica.pass(8 * 86_400_000);
    await untilAnswered();
    const { rows } = await of().owner.query("SELECT 1 FROM updater_batches WHERE state = 'abandoned'");
    expect(rows).toHaveLength(1);
    expect(await read(token)).toMatchObject({ recordVersion: 2 });
  });

  it('is asked for by a merchant only where there is one', async () => {
    const answer = await of().call({
      path: '/v1/credential-inquiries',
      body: { tokens: ['tok_00000000000000000000000000'] },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'no_account_updater' } });
  });
}
