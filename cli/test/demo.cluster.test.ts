import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@cofferdam/devcluster';
import { huntCardNumbers } from '@cofferdam/devcluster/testing';
import { execa } from 'execa';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCards } from '../src/demo/cards.ts';
import { renderResult } from '../src/demo/report.ts';
import { type Demo, plant, startDemo } from './support/demo-process.ts';
import { eventually } from './support/eventually.ts';
import { kept } from './support/kept.ts';
import { kubectl, kubectlInstalled } from './support/kubectl.ts';
import { sendPlaintext } from './support/plaintext.ts';
import { isAlive } from './support/processes.ts';
import { cardServices, verify } from './support/services.ts';
import { everythingWritten } from './support/written.ts';

/**
 * The demo as a newcomer meets it: one process, an ordinary kubectl, the two HTTP APIs. The tests build on one
 * another in the order they stand in, as a walk through the README does.
 */
if (!kubectlInstalled)
  process.stderr.write('kubectl is not installed: the tests of the demo with kubectl are skipped\n');

const curlInstalled = spawnSync('curl', ['--version']).status === 0;

let demo: Demo;
const directory = mkdtempSync(join(tmpdir(), 'cofferdam-demo-'));

beforeAll(async () => {
  demo = await startDemo(directory);
}, 180_000);

afterAll(async () => {
  await demo?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('npm run demo', () => {
  it('charges one card, is refused one, and takes the second PSP where the first is down', () => {
    const told = demo.result.payments.map(({ outcome, card, connectors }) => ({ outcome, card, connectors }));
    expect(told).toEqual([
      {
        outcome: 'captured',
        card: { brand: 'visa', lastFour: '4242' },
        connectors: [{ connector: 'stripe', outcome: 'approved', code: 'approved' }],
      },
      {
        outcome: 'declined',
        card: { brand: 'visa', lastFour: '9979' },
        connectors: [{ connector: 'stripe', outcome: 'hard_decline', code: expect.any(String) }],
      },
      {
        outcome: 'captured',
        card: { brand: 'mastercard', lastFour: '4444' },
        connectors: [
          { connector: 'stripe', outcome: 'error', code: 'psp_unreachable' },
          { connector: 'adyen', outcome: 'approved', code: 'approved' },
        ],
      },
    ]);
  });

  it('shows the events of every token and payment', () => {
    const types = demo.result.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'token.created')).toHaveLength(3);
    expect(types.filter((type) => type === 'payment.captured')).toHaveLength(2);
    expect(types.filter((type) => type === 'payment.declined')).toHaveLength(1);
  });

  it('refuses to run twice, and says who is running', async () => {
    await expect(startDemo(directory)).rejects.toThrow(/a cluster is already up: process \d+.*KUBECONFIG=/s);
  });
});

describe('card paths', () => {
  it('are TLS, by the name of the Service, and refused by a client that trusts others', async () => {
    const ca = readFileSync(demo.endpoints.caFile, 'utf8');
    const stranger = (await createAuthority('stranger')).caPem;
    for (const service of await cardServices(demo)) {
      expect(await verify(service, ca)).toBe('TLSv1.3');
      await expect(verify(service, stranger)).rejects.toThrow(/unable to verify|self-signed/);
      await expect(verify({ ...service, host: 'another.payments-dev.svc' }, ca)).rejects.toThrow(/altnames/);
    }
  });

  it('take nothing in plaintext: no answer, no handler, no trace of the card', async () => {
    const headers = {
      authorization: `Bearer ${demo.endpoints.clientToken}`,
      'content-type': 'application/json',
      'idempotency-key': 'plaintext',
    };
    for (const { name, address, path } of await cardServices(demo)) {
      const answer = await sendPlaintext(address, { path, headers, body: { card: testCards.visa } });
      expect([name, answer.includes('HTTP')]).toEqual([name, false]);
    }
    const { vault } = demo.endpoints;
    const connections = demo.connections();
    const metrics = await (await request(`${vault}/metrics`, { dispatcher: connections })).body.text();
    await connections.close();
    // The three cards of the demo, and nothing else: refused requests are counted as well.
    expect(metrics.match(/http_server_request_duration_seconds_count\{.*"POST".*"\/v1\/tokens".*/g)).toEqual([
      expect.stringMatching(/"201".* 3$/),
    ]);
  });

  it.runIf(curlInstalled)('can be walked with curl, as the demo says', async () => {
    const [, config = '', url = ''] = /curl -K (\S+) (\S+)/.exec(renderResult(demo.result)) ?? [];
    const { stdout } = await execa('curl', ['--silent', '--show-error', '-K', config, url]);
    expect(JSON.parse(stdout)).toMatchObject({ ready: true });
  });
});

describe.runIf(kubectlInstalled)('kubectl on the demo', () => {
  const run = (...args: string[]) => kubectl(demo.result.kubeconfig, ...args);

  it('gets the resources with their own columns', async () => {
    const output = await run('get', 'paymentvaults,pspconnectors,deployments,pods', '-A');
    expect(output).toMatch(/payments\.cofferdam\.dev\/payments +acme-dev +True +True/);
    expect(output).toMatch(/payments\.cofferdam\.dev\/adyen +payments +adyen +True +True/);
    expect(output).toMatch(/payments-dev +deployment\.apps\/stripe-connector +1\/1/);
  });

  it('describes a vault with its conditions and events', async () => {
    const output = await run('describe', 'paymentvault', 'payments', '-n', 'payments-dev');
    for (const condition of ['Ready', 'Available', 'KeyBound', 'DatabaseMigrated'])
      expect(output).toContain(condition);
    expect(output).toMatch(/Events:\n/);
  });

  it('shows the logs of a pod, as JSON lines', async () => {
    const output = await run('logs', '-n', 'payments-dev', 'deployment/payments-router');
    const lines = output.trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('is refused an unknown field and a wrong type, with the path', async () => {
    await expect(apply('broken-vault.yaml')).rejects.toThrow(
      /spec\.tokens\.fromat|spec\.tokens\.cvcTtlSeconds/,
    );
  });

  it('heals when any pod process is killed', async () => {
    const before = demo.podProcesses();
    expect(before.length).toBeGreaterThanOrEqual(6);
    for (const { pid } of before) process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      const output = await run('get', 'deployments', '-A', '--no-headers');
      for (const line of output.trim().split('\n')) expect(line).toMatch(/ (\d+)\/\1 /);
      const alive = demo.podProcesses().map(({ pid }) => pid);
      expect(alive.length).toBeGreaterThanOrEqual(before.length);
      expect(alive.filter((pid) => before.some((old) => old.pid === pid))).toEqual([]);
    });
    await eventually(async () => expect((await demo.pay()).status).toBe('captured'));
  });

  it('undoes an edit of a managed Deployment', async () => {
    const read = () =>
      run(
        'get',
        'deployment',
        'payments-vault',
        '-n',
        'payments-dev',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}',
      );
    const image = await read();
    await run('set', 'image', 'deployment/payments-vault', '-n', 'payments-dev', '*=example.com/evil:latest');
    await eventually(async () => expect(await read()).toBe(image));
  });

  it('says what is wrong with a connector of a vault that does not exist, while payments go on', async () => {
    await apply('stray-connector.yaml');
    await eventually(async () => expect(await condition('stray', 'VaultBound')).toMatch(/^False .*nowhere/));
    expect((await demo.pay()).status).toBe('captured');
    await run('delete', 'pspconnector', 'stray', '-n', 'payments-dev', '--timeout=60s');
  });

  it('names the Secret that a connector misses, and heals when it appears', async () => {
    await apply('poor-connector.yaml');
    await eventually(async () =>
      expect(await condition('poor', 'CredentialsPresent')).toMatch(/^False .*payments-dev\/stripe-poor/),
    );
    await apply('poor-secret.yaml');
    await eventually(async () => expect(await condition('poor', 'Ready')).toMatch(/^True/), 90_000);
    await run('delete', 'pspconnector', 'poor', '-n', 'payments-dev', '--timeout=60s');
  });

  const apply = (file: string) =>
    kubectl(
      demo.result.kubeconfig,
      { input: readFileSync(join(import.meta.dirname, 'support', file), 'utf8') },
      ...['apply', '--server-side', '-f', '-'],
    );
  const condition = (name: string, type: string) => {
    const path = `.status.conditions[?(@.type=="${type}")]`;
    const format = `jsonpath={${path}.status} {${path}.message}`;
    return run('get', 'pspconnector', name, '-n', 'payments-dev', '-o', format);
  };
});

describe('card numbers', () => {
  it('are in no log, table, event, API object, argument or environment; only a planted one is found', async () => {
    const given = Object.values(testCards).map(({ number }) => number);
    const planted = '4111111111111111';
    plant(directory, planted);
    expect(huntCardNumbers(await everythingWritten(demo), [...given, planted])).toEqual([
      {
        source: join(directory, 'planted.log'),
        lastFour: '1111',
        encoding: 'base64 of plain',
        offset: expect.any(Number),
      },
    ]);
  });
});

describe.runIf(kubectlInstalled)('kubectl delete paymentvault', () => {
  it('removes what is ours and keeps keys, topics and data', async () => {
    const before = await kept(demo);
    expect(before.keys).toEqual([[expect.any(String), 'Enabled']]);
    expect(before.rows.filter(([, characters]) => characters > 0).length).toBeGreaterThan(1);
    const topics = ['cofferdam.acme-dev.payments', 'cofferdam.acme-dev.tokens'];
    expect(before.topics).toEqual(demo.result.eventsFrom === 'kafka' ? expect.arrayContaining(topics) : []);
    await kubectl(
      demo.result.kubeconfig,
      'delete',
      'paymentvault',
      'payments',
      '-n',
      'payments-dev',
      '--timeout=60s',
    );
    await eventually(async () => {
      const left = await kubectl(
        demo.result.kubeconfig,
        'get',
        'deployments,jobs,services,configmaps,serviceaccounts,networkpolicies,pods',
        '-n',
        'payments-dev',
        '-l',
        'app.kubernetes.io/managed-by=cofferdam-operator,app.kubernetes.io/instance=payments',
        '-o',
        'name',
      );
      expect(left.trim()).toBe('');
    });
    expect(await kept(demo)).toEqual(before);
  });
});

describe('Ctrl-C', () => {
  it('ends the demo with status 0 and leaves nothing running', async () => {
    const processes = demo.processes();
    expect(processes.length).toBeGreaterThan(5);
    expect(await demo.interrupt()).toBe(0);
    await eventually(async () => expect(processes.filter(({ pid }) => isAlive(pid))).toEqual([]));
  });
});
