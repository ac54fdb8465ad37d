import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { cofferdam } from '../support/terminal.ts';

const rendered = new URL('../../../environments/dev/rendered/', import.meta.url).pathname;
const file = (name: string) => `${rendered}${name}.yaml`;
const vault = file('80-paymentvault.payments-dev.payments');
const stripe = file('90-pspconnector.payments-dev.stripe');

interface Rendered {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
}
const objects = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Rendered);
const namesOf = (kind: string, text: string) =>
  objects(text)
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name);

describe('cofferdam render', () => {
  it('prints the same bytes for the same input, in whatever order the files are named', async () => {
    const first = await cofferdam(['render', '-f', rendered]);
    expect(first.status).toBe(0);
    expect((await cofferdam(['render', '-f', rendered])).stdout).toBe(first.stdout);
    const [one, other] = await Promise.all(
      [
        [vault, stripe],
        [stripe, vault],
      ].map((files) => cofferdam(['render', '-f', ...files])),
    );
    expect(one?.stdout).toBe(other?.stdout);
  });

  it('shows migrations and the Deployments that wait for them', async () => {
    const { stdout } = await cofferdam(['render', '-f', rendered]);
    expect(namesOf('Deployment', stdout)).toEqual([
      'payments-vault',
      'payments-router',
      'adyen-connector',
      'stripe-connector',
    ]);
    expect(namesOf('Job', stdout)).toEqual([
      expect.stringMatching(/^payments-vault-migrate-/),
      expect.stringMatching(/^payments-router-migrate-/),
    ]);
  });

  it('tells the router of the connectors that are in the files, and of no other', async () => {
    const { stdout } = await cofferdam(['render', '-f', vault, stripe]);
    const routing = objects(stdout).find(({ metadata }) => metadata.name === 'payments-routing');
    expect(routing?.data?.['routing.json']).toContain('stripe');
    expect(routing?.data?.['routing.json']).not.toContain('adyen');
  });

  it('puts what names no namespace into -n', async () => {
    const text = readFileSync(vault, 'utf8').replace(/^ {2}namespace: .*\n/m, '');
    const ran = await cofferdam(['render', '-f', '-', '-n', 'elsewhere'], { stdin: text });
    expect(ran.stdout).toContain('# of PaymentVault elsewhere/payments\n');
    expect(ran.stdout).not.toContain('namespace: payments-dev');
  });

  it('takes images and the key from flags, and refuses a tag', async () => {
    const image = `registry.example/vault@sha256:${'a'.repeat(64)}`;
    const arn = 'arn:aws:kms:eu-central-1:111111111111:key/mine';
    const text = readFileSync(vault, 'utf8').replace(/^ {2}images:\n( {4}.*\n)+/m, '');
    const ran = await cofferdam(['render', '-f', '-', '--image-vault', image, '--key-arn', arn], {
      stdin: text,
    });
    expect(ran.stdout).toContain(image);
    expect(ran.stdout).toContain(arn);
    const refused = await cofferdam(['render', '-f', '-', '--image-vault', 'vault:latest'], { stdin: text });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('Name an image by digest');
  });

  it('wants the PaymentVault with a PSPConnector', async () => {
    const ran = await cofferdam(['render', '-f', stripe]);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(/^cofferdam: PSPConnector payments-dev\/stripe: VaultNotFound: /);
  });

  it('renders nothing that is not valid', async () => {
    const text = readFileSync(vault, 'utf8').replace('vaultId:', 'vaultID:');
    const ran = await cofferdam(['render', '-f', '-'], { stdin: text });
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ran.stderr).toContain('unknown field "spec.vaultID"');
  });
});
