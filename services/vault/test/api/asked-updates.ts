import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newNumber, type Simulator, startSimulator } from '@cofferdam/psp-simulator';
import { createLogger, createMetrics, Lifecycle, ProblemError } from '@cofferdam/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readServeConfig } from '../../src/config.ts';
import type { KeyRing } from '../../src/crypto/key-ring.ts';
import { KeyManagementError } from '../../src/kms/key-management.ts';
import { updateCounter } from '../../src/updating/metrics.ts';
import { openAccountUpdater } from '../../src/updating/pull/account-updater.ts';
import { createUpdaterJob, type UpdaterJob } from '../../src/updating/pull/run-updater.ts';
import { requestCardInquiries } from '../../src/updating/request-inquiries.ts';
import type { Vault } from '../../src/vault.ts';
import { newReplica, type Replica } from '../support/replica.ts';
import { type RunningVault, reveal } from '../support/running-vault.ts';

const INTERVAL_MS = 60_000;

/** A vault in which a merchant has a KMS key of its own, which KMS refuses while it is withheld. */
function withOwnKey(vault: Vault, merchant: string): { vault: Vault; withhold(isWithheld: boolean): void } {
  let isWithheld = false;
  const asked = <T>(of: string, use: () => Promise<T>): Promise<T> => {
    if (of !== merchant || !isWithheld) return use();
    const cause = new KeyManagementError('refused', 'the key is disabled');
    return Promise.reject(new ProblemError('key_unavailable', { cause }));
  };
  const { keys } = vault;
  const ring: Pick<KeyRing, 'forReading' | 'forWriting'> = {
    forReading: (of, ...more) => asked(of, () => keys.forReading(of, ...more)),
    forWriting: (of) => asked(of, () => keys.forWriting(of)),
  };
  const own = { merchant, keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/own', bound: true };
  const merchantKeys: Vault['merchantKeys'] = {
    of: (of) => (of === merchant ? own : undefined),
    all: () => [own],
  };
  return {
    vault: { ...vault, merchantKeys, keys: ring as KeyRing },
    withhold: (withheld) => {
      isWithheld = withheld;
    },
  };
}

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

  async function newJob(
    tokenFile: string,
    { vault, batchSize } = { vault: replica.vault, batchSize: 4 },
  ): Promise<UpdaterJob> {
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
    const settings = { days: 30, batchSize, intervalMs: INTERVAL_MS };
    return createUpdaterJob(vault, { updater, settings, metrics, updates: updateCounter(metrics) });
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

  it('asks another time about a card that has changed before its batch could be sent', async () => {
    simulator.state.updater.reset();
    const token = await tokenOf(numberOf('2'));
    await ask(token);
    replica.pass(2 * INTERVAL_MS);
    simulator.state.updater.faults.push('error-before');
    await expect(job.step()).rejects.toThrow();
    const body = { card: { expiryYear: expiry.expiryYear + 1 } };
    await of().call({ method: 'PATCH', path: `/v1/tokens/${token}`, body });
    await untilAnswered();
    expect(simulator.state.updater.batches.size).toBe(0);
    expect(await ask(token)).toEqual({ accepted: 1, recent: 0, unknown: 0 });
    await untilAnswered();
    expect(simulator.state.updater.batches.size).toBe(1);
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

  it('keeps no card waiting for a merchant that withholds its own KMS key', async () => {
    simulator.state.updater.reset();
    const { vault, withhold } = withOwnKey(replica.vault, 'globex');
    const one = await newJob(join(of().world.directory, 'updater-token'), { vault, batchSize: 12 });
    const tokens = async (merchant: string, count: number) => {
      const numbers = Array.from({ length: count }, () => numberOf('2'));
      const answers = await Promise.all(numbers.map((number) => replica.tokenize(merchant, number)));
      const names = answers.map(({ answer }) => answer.token);
      // The updater has no clock of the test's: what it says would be from before the token.
      await of().owner.query('UPDATE tokens SET updated_at = now() WHERE token = ANY ($1)', [names]);
      return names;
    };
    const versions = async (some: readonly string[]) => {
      const { rows } = await of().owner.query(
        'SELECT DISTINCT record_version AS version FROM tokens WHERE token = ANY ($1)',
        [some],
      );
      return rows.map(({ version }) => version);
    };
    const [others, its] = [await tokens('acme', 8), await tokens('globex', 4)];
    await requestCardInquiries(vault, 'acme', others);
    await requestCardInquiries(vault, 'globex', its);
    replica.pass(2 * INTERVAL_MS);
    await one.step();
    const sizes = () => [...simulator.state.updater.batches.values()].map(({ results }) => results.length);
    expect(sizes()).toEqual([12]);

    withhold(true);
    replica.pass(2 * INTERVAL_MS);
    await expect(one.step()).rejects.toMatchObject({ code: 'key_unavailable' });
    expect([await versions(others), await versions(its)]).toEqual([[2], [1]]);

    const [other, late] = [await tokens('acme', 1), await tokens('globex', 1)];
    await requestCardInquiries(vault, 'acme', other);
    await requestCardInquiries(vault, 'globex', late);
    replica.pass(2 * INTERVAL_MS);
    await one.step().catch(() => {});
    expect(sizes()).toEqual([12, 1]);

    withhold(false);
    await untilAnswered([one]);
    expect([await versions(its), await versions(other), await versions(late)]).toEqual([[2], [2], [1]]);
  });

  it('is asked for by a merchant only where there is one', async () => {
    const answer = await of().call({
      path: '/v1/credential-inquiries',
      body: { tokens: ['tok_00000000000000000000000000'] },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'no_account_updater' } });
  });
}
