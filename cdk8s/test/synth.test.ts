import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, environmentNames, readEnvironment, synth } from '../src/index.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
let root: string;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/synth-`);
  for (const directory of ['environments', 'install'])
    cpSync(`${repository}/${directory}`, `${root}/${directory}`, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function run(options: { check?: boolean; root?: string } = {}) {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  const status = synth({ root, check: false, print, printError: print, ...options });
  return { status, lines };
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(`${root}/${path}`, change(readFileSync(`${root}/${path}`, 'utf8')));
}

test('the committed files are what the inputs render to', () => {
  expect(run({ check: true, root: repository })).toEqual({ status: 0, lines: [] });
});

test('a second run writes nothing', () => {
  const vault = `${root}/environments/dev/rendered/80-paymentvault.payments-dev.payments.yaml`;
  const before = statSync(vault).mtimeMs;
  expect(run()).toEqual({ status: 0, lines: [] });
  expect(statSync(vault).mtimeMs).toBe(before);
});

test('--check names what was edited, what is missing and what is no longer rendered, and changes nothing', () => {
  const rendered = 'environments/dev/rendered';
  edit(`${rendered}/90-pspconnector.payments-dev.stripe.yaml`, (text) => text.replace('200', '300'));
  rmSync(`${root}/${rendered}/90-pspconnector.payments-dev.adyen.yaml`);
  writeFileSync(`${root}/${rendered}/90-pspconnector.payments-dev.old.yaml`, 'kind: PSPConnector\n');
  const before = readdirSync(`${root}/${rendered}`);
  expect(run({ check: true })).toEqual({
    status: 1,
    lines: [
      `${rendered}/90-pspconnector.payments-dev.adyen.yaml: missing`,
      `${rendered}/90-pspconnector.payments-dev.stripe.yaml: differs`,
      `${rendered}/90-pspconnector.payments-dev.old.yaml: no longer rendered`,
      'Run `npm run synth` and commit what it writes.',
    ],
  });
  expect(readdirSync(`${root}/${rendered}`)).toEqual(before);
});

test('a connector that leaves the configuration takes its file along', () => {
  edit('environments/dev/config.yaml', (text) =>
    text.replace(/ {2}- name: adyen\n[\s\S]*?ports: \[8082\]\n/, ''),
  );
  expect(run().lines).toEqual(['removed environments/dev/rendered/90-pspconnector.payments-dev.adyen.yaml']);
  expect(run({ check: true }).status).toBe(0);
});

test('a promotion changes the pins and what is rendered from them, nothing else', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  edit('environments/dev/release.yaml', (text) => text.replace(/(router)@sha256:0+/, `$1@${digest}`));
  expect(run().lines).toEqual([
    'wrote environments/dev/rendered/70-deployment.cofferdam-system.cofferdam-operator.yaml',
    'wrote environments/dev/rendered/80-paymentvault.payments-dev.payments.yaml',
  ]);
});

test('a wrong input is told with its place, and leaves every directory as it was', () => {
  edit('environments/dev/config.yaml', (text) => text.replace('vaultId: acme-dev', 'vaultId: Acme'));
  edit('install/config.yaml', (text) => text.replace('replicas: 2', 'replicas: 3'));
  const { status, lines } = run();
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^environments\/dev\/config\.yaml:\d+:3 vault\.vaultId: /)]);
  expect(
    readFileSync(`${root}/install/rendered/70-deployment.cofferdam-system.cofferdam-operator.yaml`, 'utf8'),
  ).toContain('replicas: 2');
});

test('an environment without pins is told so', () => {
  rmSync(`${root}/environments/dev/release.yaml`);
  expect(run()).toEqual({
    status: 1,
    lines: ['environments/dev/release.yaml is missing: every environment has one'],
  });
});

test('two environments with one vaultId are told so: they would share keys, topics and data', () => {
  edit('environments/staging/config.yaml', (text) =>
    text.replace('vaultId: acme-staging', 'vaultId: acme-prod-eu'),
  );
  expect(run()).toEqual({
    status: 1,
    lines: [
      expect.stringMatching(
        /^environments\/staging\/config\.yaml:\d+:3 vault\.vaultId: acme-prod-eu is also that of environments\/prod\/config\.yaml: keys, topics and data are named by it$/,
      ),
    ],
  });
});

test('a repository that Argo CD does not sync has nothing of it', () => {
  rmSync(`${root}/install/argocd`, { recursive: true });
  expect(run({ check: true })).toEqual({ status: 0, lines: [] });
});

test('a release that would wait for a proof which never comes is told before it waits', () => {
  const step = '  - { from: dev, to: staging, soakMinutes: 15 }\n';
  edit('environments/promotion.yaml', (text) => `${text}${step}`);
  const said = 'dev has no cluster in install/argocd/config.yaml';
  expect(run()).toEqual({
    status: 1,
    lines: [expect.stringMatching(`^environments/promotion\\.yaml:[0-9]+:7 steps\\.[0-9]\\.from: ${said}`)],
  });
  edit('install/argocd/config.yaml', (text) => text.replace('clusters:\n', 'clusters:\n  dev: acme-dev\n'));
  expect(run().status).toBe(0);
});

test('a namespace that is new goes into what Argo CD may do', () => {
  edit('environments/prod/config.yaml', (text) => `${text}\npspSimulator: { namespace: simulator }\n`);
  expect(run().lines).toContain('wrote install/argocd/rendered/00-appproject.argocd.cofferdam.yaml');
  expect(
    readFileSync(`${root}/install/argocd/rendered/00-appproject.argocd.cofferdam.yaml`, 'utf8'),
  ).toContain('- name: acme-prod\n      namespace: simulator');
});

test('an environment that does not exist is told with those that do', () => {
  expect(environmentNames(root)).toEqual(['dev', 'prod', 'staging']);
  expect(readEnvironment(root, 'staging').directory).toBe('environments/staging');
  for (const name of ['prodd', '../install', 'dev/rendered']) {
    expect(() => readEnvironment(root, name)).toThrow(ConfigError);
    expect(() => readEnvironment(root, name)).toThrow(
      `environments/${name} does not exist: there are dev, prod, staging`,
    );
  }
});
