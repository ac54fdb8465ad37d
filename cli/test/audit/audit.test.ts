import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AuditAnchor,
  type AuditLink,
  type AuditRow,
  emptyChain,
  hashedAnchor,
  link,
  nameOf,
  toRow,
} from '@cofferdam/contracts/audit';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cofferdam } from '../support/terminal.ts';

const WRITER = 'payments-vault-0/run_1/0';
const TIME = Date.UTC(2026, 10, 23, 12);

const links: AuditLink[] = [];
for (const [i, action] of ['token.created', 'grant.created', 'token.revealed', 'reveal.refused'].entries()) {
  links.push(
    link(links.at(-1) ?? emptyChain(WRITER), {
      ...{ time: new Date(TIME + i * 1000), issuer: 'cluster', subject: `workload-${i}`, action },
      ...{ merchant: 'acme', token: 'tok_1', requestId: `req_${i}` },
      detail: JSON.stringify({ paymentId: 'pay_1', attemptId: 'att_1', keyVersion: 3, pod: 'stripe-0' }),
    }),
  );
}
const rows = links.map((one) => toRow(one));

const anchors: AuditAnchor[] = [];
for (const position of [1, 3]) {
  const head = links[position - 1];
  if (!head) throw new Error('a link');
  const hashed = hashedAnchor({
    ...{ vaultId: 'acme-dev', run: 'payments-vault-0/run_1', sequence: anchors.length + 1 },
    ...{ time: new Date(TIME + position * 1000).toISOString(), previous: anchors.slice(-1).map(nameOf) },
    heads: [{ writer: WRITER, position, hash: Buffer.from(head.hash).toString('base64url'), origin: 'own' }],
    ends: false,
  });
  anchors.push({ ...hashed, key: 'key', mac: 'bWFj' });
}

/** A vault that answers with these, two lines a page, and finds every anchor valid that is one of them. */
const served = {
  ...{ rows, anchors, verdict: undefined as string | undefined, asked: [] as string[] },
  /** What a page other than the first is answered with, where not with lines. */
  later: undefined as 'an error' | 'silence' | undefined,
};

async function answer(request: IncomingMessage): Promise<{ status: number; body: string; next?: string }> {
  const url = new URL(request.url ?? '/', 'http://vault');
  served.asked.push(`${request.method} ${request.url}`);
  if (request.headers.authorization !== 'Bearer secret') {
    return { status: 401, body: JSON.stringify({ code: 'unauthenticated', detail: 'no token' }) };
  }
  if (url.pathname === '/v1/audit/anchor-checks') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { hash } = JSON.parse(Buffer.concat(chunks).toString()) as AuditAnchor;
    const verdict = anchors.some((anchor) => anchor.hash === hash) ? 'valid' : 'invalid';
    return { status: 200, body: JSON.stringify({ verdict: served.verdict ?? verdict }) };
  }
  const all = url.pathname === '/v1/audit' ? served.rows : served.anchors;
  const from = Number(url.searchParams.get('after') ?? 0);
  if (from > 0 && served.later === 'silence') await new Promise(() => undefined);
  if (from > 0 && served.later)
    return { status: 503, body: JSON.stringify({ code: 'database_unavailable' }) };
  const body = all.slice(from, from + 2).map((one) => `${JSON.stringify(one)}\n`);
  if (from + 2 >= all.length) return { status: 200, body: body.join('') };
  return { status: 200, body: body.join(''), next: `${url.pathname}?after=${from + 2}` };
}

let server: Server;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-audit-'));
  writeFileSync(file('token'), 'secret\n');
  server = createServer((request, response) => {
    void answer(request).then(({ status, body, next }) => {
      response.setHeader('cofferdam-vault-id', 'acme-dev');
      response.setHeader('date', new Date(TIME + 3_600_000).toUTCString());
      if (next) response.setHeader('link', `<${next}>; rel="next"`);
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => Object.assign(served, { rows, anchors, verdict: undefined, asked: [], later: undefined }));
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string) => join(directory, name);
/** The name of the URL is nobody's: `--connect-to` says where it is. */
const atVault = () => {
  const { port } = server.address() as AddressInfo;
  return [
    '--vault-url',
    'http://vault.invalid:8080',
    '--connect-to',
    `127.0.0.1:${port}`,
    '--token-file',
    file('token'),
  ];
};
const audit = (...words: string[]) => cofferdam(['audit', ...words]);
const altered = (): AuditRow[] => rows.map((row, i) => (i === 1 ? { ...row, subject: 'nobody' } : row));
const json = async (...words: string[]) => {
  const { stdout, stderr, status } = await audit(...words, '-o', 'json');
  expect(stderr).toBe('');
  return { status, ...JSON.parse(stdout) };
};

describe('cofferdam audit list', () => {
  it('shows who read which card, when, with which key, for which payment', async () => {
    const { stdout, status } = await audit(
      'list',
      ...atVault(),
      '--token',
      'tok_1',
      '--action',
      'token.revealed',
    );
    expect(status).toBe(0);
    expect(served.asked[0]).toBe('GET /v1/audit?limit=5000&token=tok_1&action=token.revealed');
    expect(stdout.split('\n')[3]).toMatch(
      /^2026-11-23T12:00:02\.000Z +token\.revealed +acme +tok_1 +workload-2 in stripe-0 +3 +pay_1 +att_1/,
    );
  });

  it('says that there is more than it shows', async () => {
    const { stdout, stderr } = await audit('list', ...atVault(), '--limit', '3');
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(stderr).toContain('more than 3 rows');
  });
});

describe('cofferdam audit export', () => {
  const exporting = () => ['audit', 'export', ...atVault(), '--out', file('kept.jsonl')];
  const beside = () => readdirSync(directory).filter((name) => name.startsWith('kept.jsonl'));
  const kept = () => readFileSync(file('kept.jsonl'), 'utf8');

  it('puts a whole export in the place of the one before', async () => {
    writeFileSync(file('kept.jsonl'), 'the one before');
    expect(await cofferdam(exporting())).toMatchObject({ status: 0 });
    expect(kept().trimEnd().split('\n')).toHaveLength(5);
    expect([beside(), statSync(file('kept.jsonl')).mode & 0o777]).toEqual([['kept.jsonl'], 0o600]);
  });

  it('leaves what was there, and nothing beside it, when the vault stops answering', async () => {
    writeFileSync(file('kept.jsonl'), 'the one before');
    served.later = 'an error';
    expect((await cofferdam(exporting())).status).toBe(1);
    expect([kept(), beside()]).toEqual(['the one before', ['kept.jsonl']]);
  });

  it('does so after Ctrl-C', { timeout: 60_000 }, async () => {
    writeFileSync(file('kept.jsonl'), 'the one before');
    served.later = 'silence';
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const running = execa(process.execPath, [main, ...exporting()], { reject: false });
    await vi.waitFor(() => expect(beside()).toHaveLength(2), { timeout: 40_000 });
    running.kill('SIGINT');
    expect((await running).signal).toBe('SIGINT');
    expect([kept(), beside()]).toEqual(['the one before', ['kept.jsonl']]);
  });

  it('writes to a pipe or a device as it is, and says where it cannot', async () => {
    expect(await cofferdam(['audit', 'export', ...atVault(), '--out', '/dev/null'])).toMatchObject({
      status: 0,
    });
    expect(statSync('/dev/null').isFile()).toBe(false);
    expect(await cofferdam(['audit', 'export', ...atVault(), '--out', file('none/here')])).toMatchObject({
      ...{ status: 1, stderr: expect.stringContaining('none/here cannot be written') },
    });
  });
});

describe('cofferdam audit verify', () => {
  it('asks the vault, and says what is proven and what is not anchored yet', async () => {
    const found = await json('verify', ...atVault());
    expect(found).toMatchObject({
      ...{ status: 0, holds: true, vaultId: 'acme-dev', rows: 4, anchored: 3, findings: [] },
      notAnchored: { rows: 1, writers: [WRITER], since: '2026-11-23T12:00:03.000Z' },
      anchors: { given: 2, kept: 0, proven: 2, macs: 1 },
    });
    const screen = await audit('verify', ...atVault());
    expect(screen.stdout).toContain('Every anchored row is as it was written');
    expect(screen.stdout).toContain(`purpose=audit-anchor/${anchors[1]?.hash}`);
  });

  it('finds what was altered, in the vault and in an export of it', async () => {
    served.rows = altered();
    expect(await json('verify', ...atVault())).toMatchObject({
      ...{ status: 2, holds: false },
      findings: [{ kind: 'altered', writer: WRITER, position: 2 }],
    });
    await audit('export', ...atVault(), '--out', file('trail.jsonl'));
    const { stdout, status } = await audit('verify', ...atVault(), '--file', file('trail.jsonl'));
    expect(status).toBe(2);
    expect(stdout).toContain('1 finding: this is not the trail that was written.');
    expect(stdout).toMatch(/altered +payments-vault-0\/run_1\/0 2 is not what its hash was made of/);
  });

  it('with anchors that were kept finds what was cut off together with the stored ones', async () => {
    Object.assign(served, { rows: rows.slice(0, 1), anchors: anchors.slice(0, 1) });
    expect((await json('verify', ...atVault())).status).toBe(0);
    const log = anchors.map((anchor) => JSON.stringify({ level: 'info', anchor, msg: 'audit anchor' }));
    const wrapped = log.map((line) => JSON.stringify({ kubernetes: { pod: 'vault-0' }, log: line }));
    for (const lines of [
      log,
      wrapped,
      log.map((line) => `[pod/vault-0] ${line}`),
      anchors.map((one) => JSON.stringify(one)),
    ]) {
      writeFileSync(file('anchors'), `noise\n${lines.join('\n')}\n{"msg":"x"}\n`);
      expect(await json('verify', ...atVault(), '--anchors', file('anchors'))).toMatchObject({
        ...{ status: 2, anchors: { given: 2, kept: 2, unreadable: 0 } },
        findings: [{ kind: 'truncated', writer: WRITER, position: 3 }],
      });
    }
  });

  it('offline takes anchors on trust only when told so', async () => {
    await audit('export', ...atVault(), '--out', file('trail.jsonl'));
    await audit('anchors', ...atVault(), '--out', file('anchors.jsonl'));
    const offline = ['verify', '--file', file('trail.jsonl'), '--anchors', file('anchors.jsonl')];
    expect(await audit(...offline)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--without-mac'),
    });
    expect(await json(...offline, '--without-mac')).toMatchObject({
      status: 0,
      anchored: 3,
      anchors: { given: 2 },
    });
    const text = readFileSync(file('trail.jsonl'), 'utf8');
    writeFileSync(file('trail.jsonl'), text.replace('workload-1', 'somebody'));
    expect(await json(...offline, '--without-mac')).toMatchObject({
      status: 2,
      findings: [{ kind: 'altered' }],
    });
  });

  it('finds anchors that KMS did not make, and counts damaged ones', async () => {
    served.verdict = 'invalid';
    expect(await json('verify', ...atVault())).toMatchObject({
      status: 2,
      findings: [{ kind: 'anchor_not_authentic' }, { kind: 'anchor_not_authentic' }],
    });
    served.verdict = undefined;
    writeFileSync(file('anchors'), `{"anchor":{"format":"cofferdam audit anchor 1","hash":"[removed]"}}\n`);
    expect(await json('verify', ...atVault(), '--anchors', file('anchors'))).toMatchObject({
      anchors: { unreadable: 1 },
    });
  });

  it('does not verify a part of a trail, or what is none', async () => {
    await audit('export', ...atVault(), '--merchant', 'acme', '--out', file('part.jsonl'));
    const part = await audit('verify', ...atVault(), '--file', file('part.jsonl'));
    expect([part.status, part.stderr]).toEqual([1, expect.stringContaining('exported with --merchant')]);
    writeFileSync(file('none'), 'hello\n');
    const none = await audit('verify', ...atVault(), '--file', file('none'));
    expect([none.status, none.stderr]).toEqual([
      1,
      expect.stringContaining('does not begin as an export does'),
    ]);
  });

  it('says what to do when it cannot reach the vault, and ends with 3', async () => {
    const nobody = ['--vault-url', 'http://127.0.0.1:1', '--token-file', file('token')];
    expect(await audit('verify', ...nobody)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('--connect-to'),
    });
    writeFileSync(file('wrong'), 'wrong');
    expect((await audit('verify', ...atVault(), '--token-file', file('wrong'))).status).toBe(3);
    expect(await cofferdam(['audit', 'verify', '--vault-url', 'http://127.0.0.1:1'])).toMatchObject({
      ...{ status: 1, stderr: expect.stringContaining('COFFERDAM_TOKEN') },
    });
  });
});
