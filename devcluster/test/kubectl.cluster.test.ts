import { execFile, execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './apiserver/test-server.ts';

const CRDS = fileURLToPath(new URL('../../crds/yaml/', import.meta.url));

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('kubectl is not installed: its tests are skipped');
    return false;
  }
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

let server: TestServer;

/** Runs kubectl; `input` is what it reads from `-f -`. */
function kubectl(args: string[], input = ''): Promise<Outcome> {
  return new Promise((done) => {
    const env = { ...process.env, KUBECONFIG: server.kubeconfig, KUBECACHEDIR: `${server.kubeconfig}-cache` };
    const child = execFile('kubectl', args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** The output of a kubectl that has to succeed. */
async function run(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const widgets = (image: string, replicas: number, extra = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: main, image: "${image}", ports: [{containerPort: 8080}]}
${extra}`;

const vault = `
apiVersion: payments.cofferdam.dev/v1alpha1
kind: PaymentVault
metadata: {name: payments}
spec:
  vaultId: kubectl-test
  database:
    vault: {secretRef: {name: vault-database}}
    router: {secretRef: {name: router-database}}
  kms: {provider: aws, region: eu-central-1, keyId: "arn:aws:kms:eu-central-1:000000000000:key/x"}
  access:
    issuers: [{issuer: https://issuer.example.com, jwksUri: https://issuer.example.com/jwks, audiences: [cofferdam]}]
    rules: [{subjects: [someone], merchants: [acme], allow: ["tokens:read"]}]
`;

describe.runIf(hasKubectl())('an ordinary kubectl', () => {
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  test('applies server-side, sees conflicts, and takes over when told to', async () => {
    expect(await run(['apply', '--server-side', '-f', '-'], widgets('x:1', 2))).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    await run(['scale', 'deployment', 'web', '--replicas=5']);
    const refused = await kubectl(['apply', '--server-side', '-f', '-'], widgets('x:1', 3));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conflict with "kubectl"');
    expect(refused.stderr).toContain('.spec.replicas');
    await run(['apply', '--server-side', '--force-conflicts', '-f', '-'], widgets('x:1', 3));
    expect(await run(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}'])).toBe('3');
  });

  test('applies client-side, and is told of a field that does not exist', async () => {
    const named = (text: string): string => text.replaceAll('web', 'client');
    expect(await run(['apply', '-f', '-'], named(widgets('x:1', 1)))).toBe(
      'deployment.apps/client created\n',
    );
    expect(await run(['apply', '-f', '-'], named(widgets('x:2', 1)))).toBe(
      'deployment.apps/client configured\n',
    );
    expect(await run(['apply', '-f', '-'], named(widgets('x:2', 1)))).toBe(
      'deployment.apps/client unchanged\n',
    );
    const refused = await kubectl(['apply', '-f', '-'], named(widgets('x:2', 1, '  replica: 3\n')));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('unknown field "spec.replica"');
  });

  test('gets with the columns that a real cluster shows', async () => {
    const [header, row] = (await run(['get', 'deploy', 'web', '-o', 'wide'])).trim().split('\n');
    expect(header?.split(/\s{2,}/)).toEqual([
      'NAME',
      'READY',
      'UP-TO-DATE',
      'AVAILABLE',
      'AGE',
      'CONTAINERS',
      'IMAGES',
      'SELECTOR',
    ]);
    expect(row).toMatch(/^web\s+0\/3\s+0\s+0\s+\d+s\s+main\s+x:1\s+app=web$/);
  });

  test('describes', async () => {
    const text = await run(['describe', 'deployment', 'web']);
    expect(text).toMatch(/Replicas:\s+3 desired \| 0 updated/);
    expect(text).toMatch(/Image:\s+x:1/);
  });

  test('works with our own resources: short names, printer columns, explain, validation', async () => {
    const files = (await readdir(CRDS)).filter((file) => file.endsWith('.yaml'));
    await run(['apply', '--server-side', ...files.flatMap((file) => ['-f', `${CRDS}${file}`])]);
    await run(['wait', '--for=condition=Established', 'crd/paymentvaults.payments.cofferdam.dev']);
    await run(['apply', '--server-side', '-f', '-'], vault);
    const listed = await run(['get', 'pvault']);
    expect(listed).toMatch(/^NAME\s+.*\n/);
    expect(listed).toContain('payments');
    expect(await run(['explain', 'paymentvault.spec.vaultId'])).toContain('FIELD: vaultId <string>');
    const refused = await kubectl(
      ['apply', '--server-side', '-f', '-'],
      vault.replace('vaultId: kubectl-test', 'vaultId: other'),
    );
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('spec.vaultId');
    const unknown = await kubectl(
      ['apply', '--server-side', '-f', '-'],
      vault.replace('spec:', 'spec:\n  nope: 1'),
    );
    expect(unknown.stderr).toContain('.spec.nope: field not declared in schema');
  });

  test('creates, labels, patches and waits with its own commands, which speak protobuf', async () => {
    await run(['create', 'namespace', 'shop']);
    await run(['create', 'configmap', 'settings', '-n', 'shop', '--from-literal=a=b']);
    await run(['create', 'secret', 'generic', 'keys', '-n', 'shop', '--from-literal=a=b']);
    await run(['create', 'serviceaccount', 'clerk', '-n', 'shop']);
    await run(['create', 'role', 'reader', '-n', 'shop', '--verb=get', '--resource=configmaps']);
    await run([
      'create',
      'rolebinding',
      'clerk',
      '-n',
      'shop',
      '--role=reader',
      '--serviceaccount=shop:clerk',
    ]);
    const as = ['-n', 'shop', '--as=system:serviceaccount:shop:clerk'];
    expect((await kubectl(['auth', 'can-i', 'get', 'configmaps', ...as])).stdout).toBe('yes\n');
    expect((await kubectl(['auth', 'can-i', 'get', 'secrets', ...as])).stdout).toBe('no\n');
    expect(await run(['create', 'token', 'clerk', '-n', 'shop'])).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n?$/);
    await run(['label', 'configmap', 'settings', '-n', 'shop', 'tier=front']);
    await run(['patch', 'configmap', 'settings', '-n', 'shop', '-p', '{"data":{"c":"d"}}']);
    expect(
      await run(['get', 'configmap', '-n', 'shop', '-l', 'tier=front', '-o', 'jsonpath={.items[*].data.c}']),
    ).toBe('d');
  });

  test('deletes and waits until it is gone', async () => {
    expect(await run(['delete', 'deployment', 'web', '--wait'])).toBe('deployment.apps "web" deleted\n');
    const gone = await kubectl(['get', 'deployment', 'web']);
    expect(gone.stderr).toBe('Error from server (NotFound): deployments.apps "web" not found\n');
  });

  test('may do only what its user may do', async () => {
    const refused = await kubectl(['get', 'secrets', '-A', '--as=nobody-special']);
    expect(refused.stderr).toContain(
      'User "nobody-special" cannot list resource "secrets" in API group "" at the cluster scope',
    );
  });
});
