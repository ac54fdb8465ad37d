import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RunningApiServer, startApiServer } from '../src/apiserver/start.ts';

const installed = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!installed) process.stderr.write('kubectl is not installed: its tests on OpenAPI are skipped\n');

const definitions = fileURLToPath(new URL('../../crds/yaml', import.meta.url));

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };

function deployment(
  name: string,
  { replicas = 1, container = {} }: { replicas?: number; container?: object },
) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'main:1', ...container }] },
      },
    },
  };
}

const connector = (spec: object) => ({
  apiVersion: 'payments.cofferdam.dev/v1alpha1',
  kind: 'PSPConnector',
  metadata: { name: 'stripe', namespace: 'shop' },
  spec: {
    vaultRef: { name: 'payments' },
    provider: 'stripe',
    accounts: [{ name: 'acme', merchants: ['acme'], credentialsRef: { name: 'stripe-acme' } }],
    ...spec,
  },
});

describe.runIf(installed)('kubectl, which reads the OpenAPI documents', () => {
  const state = mkdtempSync(join(tmpdir(), 'cofferdam-openapi-'));
  let server: RunningApiServer;

  /** Never throws: a refusal and a difference are answers, too. */
  async function kubectl(args: string[], manifest?: object) {
    const input = manifest === undefined ? {} : { input: stringify(manifest) };
    const env = { KUBECONFIG: server.kubeconfig, KUBECACHEDIR: join(state, 'cache') };
    return execa('kubectl', args, { env, reject: false, timeout: 60_000, ...input });
  }

  const live = async (name: string) =>
    parse((await kubectl(['get', 'deployment', name, '-n', 'shop', '-o', 'yaml'])).stdout);

  beforeAll(async () => {
    server = await startApiServer({ stateDirectory: state });
    await kubectl(['apply', '-f', '-'], namespace);
    const { stderr, exitCode } = await kubectl(['apply', '-f', definitions]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    const served = ['wait', '--for=condition=Established', '-f', definitions];
    expect(await kubectl(served)).toMatchObject({ exitCode: 0 });
  });

  afterAll(async () => {
    await server.close();
    rmSync(state, { recursive: true, force: true });
  });

  describe.each([
    ['apply', ['apply', '-f', '-']],
    ['apply --server-side', ['apply', '--server-side', '-f', '-']],
  ])('%s', (how, apply) => {
    const name = how === 'apply' ? 'client-side' : 'server-side';

    test('creates, changes nothing the second time, and keeps what others have set', async () => {
      expect(await kubectl(apply, deployment(name, {}))).toMatchObject({ exitCode: 0, stderr: '' });
      const { metadata } = await live(name);
      expect(await kubectl(apply, deployment(name, {}))).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await live(name)).metadata.resourceVersion).toBe(metadata.resourceVersion);

      await kubectl(['annotate', 'deployment', name, '-n', 'shop', 'by=hand']);
      const ports = [{ containerPort: 80 }];
      expect(await kubectl(apply, deployment(name, { container: { ports } }))).toMatchObject({ exitCode: 0 });
      expect(await live(name)).toMatchObject({
        metadata: { generation: 2, annotations: { by: 'hand' } },
        spec: { template: { spec: { containers: [{ name: 'main', ports: [{ containerPort: 80 }] }] } } },
      });
    });

    test('refuses a field that there is not, of a built-in and of a custom kind', async () => {
      const built = await kubectl(apply, deployment('typo', { container: { imagge: 'x' } }));
      expect(built).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('imagge') });
      const custom = await kubectl(apply, connector({ endpiont: 'http://psp' }));
      expect(custom).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('endpiont') });
      expect(await kubectl(['get', 'pspconnectors,deployments/typo', '-n', 'shop'])).toMatchObject({
        stdout: '',
      });
    });
  });

  describe.each([
    ['diff', ['diff', '-f', '-']],
    ['diff --server-side', ['diff', '--server-side', '--force-conflicts', '-f', '-']],
  ])('%s', (how, diff) => {
    test('is empty for what is there, shows what would change, and changes nothing', async () => {
      const name = `difference-${how.length}`;
      const apply = how === 'diff' ? ['apply'] : ['apply', '--server-side'];
      await kubectl([...apply, '-f', '-'], deployment(name, {}));
      expect(await kubectl(diff, deployment(name, {}))).toMatchObject({ exitCode: 0, stdout: '' });
      const changed = await kubectl(diff, deployment(name, { replicas: 3 }));
      expect(changed.exitCode).toBe(1);
      expect(changed.stdout).toMatch(/^-\s+replicas: 1$/m);
      expect(changed.stdout).toMatch(/^\+\s+replicas: 3$/m);
      expect((await live(name)).spec.replicas).toBe(1);
    });
  });

  describe('explain', () => {
    test("shows a custom resource's fields with types, what is required, enumerations and descriptions", async () => {
      const { stdout } = await kubectl(['explain', 'paymentvault.spec.kms']);
      expect(stdout).toMatch(/GROUP:\s+payments\.cofferdam\.dev\nKIND:\s+PaymentVault\nVERSION:\s+v1alpha1/);
      expect(stdout).toMatch(/provider\t<string> -required-/);
      expect(stdout).toMatch(/enum: aws/);
      const wanted = (await definitionOf('paymentvaults')).properties.spec.properties.kms;
      expect(words(stdout)).toContain(words(wanted.description));
      expect(words(stdout)).toContain(words(wanted.properties.region.description));
    });

    test('goes down to the leaves with --recursive', async () => {
      const { stdout } = await kubectl(['explain', 'pvault.spec', '--recursive']);
      expect(stdout).toMatch(/\n {2}kms\t<Object> -required-\n {4}create\t<Object>\n/);
      expect(stdout).toMatch(/\n {6}rotationDays\t<integer>/);
    });

    test('knows the built-in kinds', async () => {
      const { stdout } = await kubectl(['explain', 'deployment.spec.template.spec.containers.resources']);
      expect(stdout).toMatch(/FIELD: resources <ResourceRequirements>/);
      expect(stdout).toMatch(/limits\t<map\[string\]/);
    });

    test('refuses a field that there is not', async () => {
      const { stderr, exitCode } = await kubectl(['explain', 'paymentvault.spec.nothing']);
      expect({ stderr, exitCode }).toEqual({
        stderr: 'error: field "nothing" does not exist',
        exitCode: 1,
      });
    });

    test('shows a field as soon as its definition has it', async () => {
      const widget = (field: string) => ({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'widgets.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: { [field]: { type: 'integer', description: `How ${field}.` } },
                },
              },
            },
          ],
        },
      });
      for (const field of ['big', 'heavy']) {
        await kubectl(['apply', '-f', '-'], widget(field));
        await vi.waitFor(
          async () => {
            const { stdout } = await kubectl(['explain', `widgets.${field}`]);
            expect(stdout).toContain(`How ${field}.`);
          },
          { timeout: 20_000 },
        );
      }
      expect(await kubectl(['explain', 'widgets.big'])).toMatchObject({ exitCode: 1 });
    });

    /** Without the line breaks that kubectl puts in. */
    const words = (text: string) => text.split(/\s+/).join(' ');

    async function definitionOf(plural: string) {
      const name = `${plural}.payments.cofferdam.dev`;
      const { stdout } = await kubectl(['get', 'customresourcedefinition', name, '-o', 'yaml']);
      return parse(stdout).spec.versions[0].schema.openAPIV3Schema;
    }
  });
});
