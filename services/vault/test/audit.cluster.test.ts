import {
  AuditAnchor,
  type AuditReport,
  AuditRow,
  AuditVerifier,
  emptyChain,
  judgeAnchors,
  link,
  toRow,
} from '@cofferdam/contracts/audit';
import { createLogger, createMetrics, databaseOver } from '@cofferdam/runtime';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLeftovers } from '../src/audit/leftovers.ts';
import { entryOf, rehashed } from './support/audit-history.ts';
import { newAttemptId, type RunningVault, startVault } from './support/running-vault.ts';
import { RULES, SUBJECTS, VAULT_ID } from './support/vault-world.ts';

let running: RunningVault;
beforeAll(async () => {
  running = await startVault({ AUDIT_ANCHOR_SECONDS: '1' });
});
afterAll(() => running?.close());

/** All pages of a route that answers JSON lines. */
async function lines(path: string, as: keyof typeof SUBJECTS = 'auditor'): Promise<unknown[]> {
  const found: unknown[] = [];
  const bearer = `Bearer ${await running.world.issuer.sign({ subject: SUBJECTS[as] })}`;
  for (let next: string | undefined = path; next !== undefined; ) {
    const url = new URL(next, await running.vault.url());
    const response = await running.world.tls.fetch(url, { headers: { authorization: bearer } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${next}: ${text}`);
    found.push(
      ...text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
    next = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return found;
}
const trail = async (query = '') => (await lines(`/v1/audit${query}`)).map((line) => AuditRow.parse(line));
const detailOf = ({ detail }: AuditRow) => JSON.parse(detail) as Record<string, unknown>;

/** As a log pipeline keeps them. */
const loggedAnchors = (): AuditAnchor[] =>
  running.world.output
    .filter((line) => line.includes('"audit anchor"'))
    .map((line) => AuditAnchor.parse(JSON.parse(line).anchor));

async function prove(anchor: AuditAnchor): Promise<'valid' | 'invalid' | 'unknown'> {
  const answer = await running.call({ path: '/v1/audit/anchor-checks', as: 'auditor', body: anchor });
  expect(answer.status).toBe(200);
  return (answer.body as unknown as { verdict: 'valid' | 'invalid' | 'unknown' }).verdict;
}

async function verify(anchors: readonly AuditAnchor[]): Promise<AuditReport & { kinds: string[] }> {
  const judged = await judgeAnchors(anchors, { vaultId: VAULT_ID, check: prove });
  const verifier = new AuditVerifier({ anchors: judged.authentic, exportedAt: undefined });
  for (const row of await trail()) verifier.row(row);
  const report = verifier.finish();
  return { ...report, kinds: [...judged.findings, ...report.findings].map(({ kind }) => kind) };
}

/** Resolves when everything that was committed before is anchored. */
async function anchored(): Promise<void> {
  const rows = await trail();
  await expect
    .poll(() => {
      const anchors = loggedAnchors();
      const verifier = new AuditVerifier({ anchors, exportedAt: undefined });
      for (const row of rows) verifier.row(row);
      return verifier.finish().notAnchored.rows;
    })
    .toBe(0);
}

describe('the trail', () => {
  it('says who read which card, when, with which key, for which payment', async () => {
    const { body } = await running.tokenize(running.freshNumber());
    const { grant, attemptId, connector } = await running.grantFor(body.token);
    const redeem = { path: '/v1/reveals', as: 'stripe' as const, body: { grant, attemptId, connector } };
    expect((await running.call(redeem)).status).toBe(200);
    expect((await running.call(redeem)).status).toBe(403);

    const rows = await trail(`?token=${body.token}`);
    expect(rows.map(({ action, subject }) => [action, subject])).toEqual([
      ['token.created', SUBJECTS.checkout],
      ['grant.created', SUBJECTS.router],
      ['token.revealed', SUBJECTS.stripe],
      ['reveal.refused', SUBJECTS.stripe],
    ]);
    const [, granted, revealed, refused] = rows.map(detailOf);
    const paymentId = granted?.['paymentId'];
    expect(revealed).toMatchObject({ paymentId, attemptId, connector, keyVersion: 1, recordVersion: 1 });
    expect(refused).toMatchObject({ reason: 'redeemed_before', attemptId });
    expect(await trail(`?token=${body.token}&action=token.revealed,reveal.refused&limit=1`)).toEqual(
      rows.slice(2),
    );
    expect(await trail(`?merchant=acme&action=token.revealed`)).toEqual([rows[2]]);
    const [first, last] = [rows[0]?.time, rows[3]?.time];
    expect(await trail(`?from=${first}&to=${last}&action=token.created&limit=1`)).toEqual([rows[0]]);
    expect(await trail(`?to=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await trail(`?from=2040-01-01T00:00:00Z`)).toEqual([]);
  });

  it("shows a merchant nobody else's rows, and only to whom a rule lets", async () => {
    running.world.writeAccess([
      ...RULES,
      { subjects: [SUBJECTS.globexShop], merchants: ['globex'], allow: ['audit:read'] },
    ]);
    await running.tokenize(running.freshNumber(), { as: 'globexShop' });
    await expect
      .poll(() => lines('/v1/audit', 'globexShop').catch(() => []), { timeout: 10_000 })
      .not.toEqual([]);
    const rows = (await lines('/v1/audit', 'globexShop')) as AuditRow[];
    expect([...new Set(rows.map(({ merchant }) => merchant))]).toEqual(['globex']);
    expect((await running.call({ path: '/v1/audit' })).body).toMatchObject({ code: 'forbidden' });
    const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const query of [
      'after=x',
      `after=${cursor(['\0', 1])}`,
      `after=${cursor(['a', -1])}`,
      `after=${cursor(['a', 1e300])}`,
      `token=tok_00000000000000000000000000&after=${cursor(['0000-01-01T00:00:00Z', 'a', 1])}`,
      'from=0000-01-01T00:00:00Z',
      'to=yesterday',
      'limit=0',
      'action=%00',
      'token=4242424242424242',
      'nothing=1',
    ]) {
      const { status, body } = await running.call({ path: `/v1/audit?${query}`, as: 'auditor' });
      expect([query, status, body.code]).toEqual([query, 400, 'invalid_request']);
    }
  });

  it('has the rules by which the vault decides, and every change of them', async () => {
    const rules = () => trail('?action=rules.loaded,rules.changed');
    await expect.poll(async () => (await rules()).length).toBe(2);
    const [loaded, changed] = (await rules()).map(detailOf);
    const stripe = { subjects: [SUBJECTS.stripe, SUBJECTS.adyen], merchants: ['acme', 'globex'] };
    expect(loaded).toMatchObject({
      rules: RULES.length,
      revealing: [{}, { ...stripe, allow: ['tokens:reveal'] }],
    });
    expect(changed).toMatchObject({ before: loaded?.['rulesHash'], rules: RULES.length + 1 });
  });

  it('has the data keys that were made', async () => {
    const keys = (await trail('?action=data_key.created&merchant=acme')).map(detailOf);
    const made = { version: 1, generation: 0, kmsKeyArn: running.world.keyArn };
    expect(keys).toEqual([expect.objectContaining(made), expect.objectContaining(made)]);
    expect(keys.map(({ purpose }) => purpose).toSorted()).toEqual(['digest', 'record']);
  });

  it('has refusals, and counts those that repeat instead of writing each', async () => {
    const path = '/v1/tokens/tok_00000000000000000000000000';
    const stranger = { subject: 'system:serviceaccount:other:somebody' };
    for (let i = 0; i < 5; i++) {
      expect((await running.call({ path, authorization: 'Bearer no.to.ken' })).status).toBe(401);
      expect((await running.call({ path, as: stranger })).status).toBe(403);
      expect((await running.call({ path, headers: { 'cofferdam-merchant': 'globex' } })).status).toBe(403);
      expect((await running.call({ path })).status).toBe(404);
      const body = { grant: `grant_${'A'.repeat(43)}`, attemptId: newAttemptId(), connector: 'stripe' };
      expect((await running.call({ path: '/v1/reveals', as: 'stripe', body })).status).toBe(403);
    }
    const { answer } = await running.grantFor('tok_00000000000000000000000000');
    expect(answer.status).toBe(404);
    const rows = await trail('?action=access.refused,grant.refused,reveal.refused');
    const mine = rows.map((row) => [row.action, detailOf(row)['reason'], row.subject, row.merchant]);
    for (const row of [
      ['access.refused', 'malformed', '', ''],
      ['access.refused', 'not_allowed', stranger.subject, ''],
      ['access.refused', 'not_allowed', SUBJECTS.checkout, 'globex'],
      ['access.refused', 'token_not_found', SUBJECTS.checkout, 'acme'],
      ['reveal.refused', 'unknown_grant', SUBJECTS.stripe, ''],
      ['grant.refused', 'token_not_found', SUBJECTS.router, 'acme'],
    ] as const) {
      expect([row, mine.filter((one) => String(one) === String(row)).length]).toEqual([row, 1]);
    }
  });
});

describe('anchors', () => {
  it('are in the log and proven by KMS, and cover every row', async () => {
    await anchored();
    const report = await verify(loggedAnchors());
    expect(report).toMatchObject({ kinds: [], foundLater: 0 });
    expect(report.anchored).toBeGreaterThan(10);
    const stored = (await lines('/v1/audit/anchors?limit=2')).map((line) => AuditAnchor.parse(line));
    expect(loggedAnchors().slice(0, stored.length)).toEqual(stored);
  });

  it('that KMS did not make are told from those that it did', async () => {
    const [anchor, other] = loggedAnchors();
    if (!anchor || !other) throw new Error('two anchors');
    expect(await prove(anchor)).toBe('valid');
    expect(await prove({ ...anchor, mac: other.mac })).toBe('invalid');
    expect(await prove({ ...anchor, mac: 'AAAA' })).toBe('invalid');
    expect(await prove({ ...anchor, mac: 'A'.repeat(300) })).toBe('invalid');
    expect(await prove({ ...anchor, mac: 'A'.repeat(8192) })).toBe('invalid');
    expect(await prove({ ...anchor, hash: other.hash })).toBe('invalid');
    expect(await prove({ ...anchor, key: 'another' })).toBe('unknown');
  });

  it('show what the database owner has rewritten, hashes and stored anchors and all', async () => {
    await anchored();
    const kept = loggedAnchors();
    const { rows } = await running.owner.query(
      `SELECT writer FROM audit GROUP BY writer ORDER BY count(*) DESC LIMIT 1`,
    );
    const writer: string = rows[0].writer;
    const before = (await trail()).filter((row) => row.writer === writer);
    let previous = '0'.repeat(64);
    const forged = before.map((row) => {
      const next = rehashed(
        { ...row, subject: row.position === 1 ? 'somebody-else' : row.subject },
        previous,
      );
      previous = next.hash;
      return next;
    });
    const write = async (one: AuditRow) =>
      running.owner.query(
        `UPDATE audit SET subject = $3, previous = decode($4, 'hex'), hash = decode($5, 'hex')
         WHERE writer = $1 AND position = $2`,
        [one.writer, one.position, one.subject, one.previous, one.hash],
      );
    for (const one of forged) await write(one);
    expect((await verify(kept)).kinds[0]).toBe('rewritten');
    for (const one of before) await write(one);
    expect((await verify(kept)).kinds).toEqual([]);
  });

  it('wait for KMS, and follow when it is back', async () => {
    await anchored();
    const before = loggedAnchors().length;
    await running.world.kms.fault({ operation: '*', drop: 'before' });
    try {
      expect((await running.tokenize(running.freshNumber())).status).toBe(201);
      await expect
        .poll(async () => (await metric('cofferdam_audit_unanchored_age_seconds')) > 1, { timeout: 10_000 })
        .toBe(true);
      expect(loggedAnchors().length).toBe(before);
    } finally {
      await running.world.kms.fault();
    }
    await expect.poll(() => metric('cofferdam_audit_unanchored_age_seconds'), { timeout: 30_000 }).toBe(0);
    expect(loggedAnchors().length).toBeGreaterThan(before);
  });
});

async function metric(name: string): Promise<number> {
  const response = await running.world.tls.fetch(new URL('/metrics', await running.vault.url()));
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(await response.text())?.[1]);
}

it('the serving role can add to trail and anchors, and neither change nor remove', async () => {
  const { app } = running.world.databases;
  const client = new pg.Client({ ...app, user: app.username, database: app.dbname, port: Number(app.port) });
  await client.connect();
  for (const table of ['audit', 'audit_anchors']) {
    const column = table === 'audit' ? 'action' : 'anchor';
    for (const text of [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
    ]) {
      await expect(client.query(text), text).rejects.toMatchObject({ code: '42501' });
    }
  }
  await client.end();
});

it('a run that ends writes what it has counted, and says that it ends', async () => {
  await running.vault.kill('SIGTERM');
  expect(loggedAnchors().at(-1)).toMatchObject({ ends: true });
  const counted = await running.owner.query(
    `SELECT action, detail::json->>'reason' AS reason, (detail::json->>'repeated')::int AS repeated
     FROM audit WHERE detail::json->>'repeated' IS NOT NULL AND action <> 'audit.read' AND subject <> ''`,
  );
  expect(counted.rows).toEqual(
    expect.arrayContaining([
      { action: 'access.refused', reason: 'token_not_found', repeated: 4 },
      { action: 'reveal.refused', reason: 'unknown_grant', repeated: 4 },
    ]),
  );
});

it('what a killed run has left is found by another, which does not vouch for what is broken', async () => {
  const writer = 'payments-vault-1/run_killed/0';
  const first = link(emptyChain(writer), entryOf(1, new Date()));
  for (const one of [first, link(first, entryOf(2, new Date()))].map((row) => toRow(row))) {
    await running.owner.query(
      `INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, decode($11, 'hex'), decode($12, 'hex'))`,
      Object.values(one),
    );
  }
  const logger = createLogger({ service: 'test', level: 'fatal' });
  const options = {
    database: databaseOver(running.owner),
    run: 'another/run',
    logger,
    metrics: createMetrics(),
  };
  expect(await createLeftovers(options)('quiet')).toEqual([]);
  const later = createLeftovers({ ...options, now: () => Date.now() + 120_000 });
  expect(await later('quiet')).toMatchObject([{ writer, position: 2 }]);

  await running.owner.query(`UPDATE audit SET subject = 'somebody-else' WHERE writer = $1 AND position = 1`, [
    writer,
  ]);
  expect(await later('quiet')).toEqual([]);
});
