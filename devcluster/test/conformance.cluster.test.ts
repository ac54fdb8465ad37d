import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createTransport, kubeconfigFile } from '@cofferdam/operator/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApiServer, startApiServer } from '../src/apiserver/start.ts';
import { startControllers } from '../src/controllers/start.ts';

interface StepResult {
  scenario: string;
  tier: string;
  step: string;
  result: 'passed' | 'failed' | 'skipped';
  diff?: string[];
}

interface KnownDifference {
  /** `scenario › step` */
  name: string;
  reason: string;
}

const DIRECTORY = fileURLToPath(new URL('../conformance/', import.meta.url));
const DEV_TOKEN = 'conformance-dev';
/** What the issue asks for; the rest is listed by name. */
const WANTED_SHARE = 0.9;

let directory: string;
let server: RunningApiServer;
let results: StepResult[];
let known: KnownDifference[];
const cleanup: (() => Promise<void> | void)[] = [];

function replay(): Promise<StepResult[]> {
  const options = ['--server', server.url, '--token', server.adminToken, '--dev-token', DEV_TOKEN];
  const args = [
    join(DIRECTORY, 'replay.mjs'),
    ...options,
    '--ca',
    join(directory, 'ca.crt'),
    '--json',
    '--with-compaction',
  ];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Its exit status only says whether any step failed, which is for the tests below to judge.
      if (stdout === '') fail(new Error(`the replay said nothing: ${stderr || error?.message}`));
      else {
        console.log(`replay of the recorded scenarios: ${stderr.trim()}`);
        done(JSON.parse(stdout) as StepResult[]);
      }
    });
  });
}

const nameOf = ({ scenario, step }: StepResult): string => `${scenario} › ${step}`;

function share(tier: string): number {
  const asked = results.filter((step) => step.tier === tier && step.result !== 'skipped');
  return asked.filter((step) => step.result === 'passed').length / asked.length;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-conformance-'));
  server = await startApiServer({
    stateDirectory: directory,
    tokens: [{ token: DEV_TOKEN, username: 'dev', groups: [] }],
    compactionIntervalMs: 5_000,
  });
  const transport = createTransport(await kubeconfigFile(server.kubeconfig));
  // The recordings were made with these controllers beside the server.
  const controllers = startControllers({
    client: createClient({ transport, fieldManager: 'kube-controller-manager' }),
    caPem: server.caPem,
    only: ['garbage-collector', 'namespace'],
  });
  cleanup.push(
    () => rm(directory, { recursive: true, force: true }),
    () => server.close(),
    () => transport.close(),
    () => controllers.stop(),
  );
  known = JSON.parse(await readFile(join(DIRECTORY, 'known-differences.json'), 'utf8')) as KnownDifference[];
  results = await replay();
}, 300_000);

afterAll(async () => {
  for (const end of cleanup.reverse()) await end();
});

describe('what a real API server answered', () => {
  test('is asked for in full', () => {
    expect(results.length).toBeGreaterThan(900);
    expect(results.filter((step) => step.result === 'skipped').map(nameOf)).toEqual([]);
  });

  test.each(['core', 'kubectl', 'extra'])(
    'is answered alike in at least nine of ten steps of tier %s',
    (tier) => {
      expect(share(tier)).toBeGreaterThanOrEqual(WANTED_SHARE);
    },
  );

  test('is answered otherwise only where a known difference says so', () => {
    const listed = new Set(known.map((difference) => difference.name));
    const unexpected = results.filter((step) => step.result === 'failed' && !listed.has(nameOf(step)));
    expect(unexpected.map((step) => ({ step: nameOf(step), diff: step.diff?.slice(0, 5) }))).toEqual([]);
  });

  test('has no known difference left that is none', () => {
    const failed = new Set(results.filter((step) => step.result === 'failed').map(nameOf));
    expect(known.map((difference) => difference.name).filter((name) => !failed.has(name))).toEqual([]);
  });
});
