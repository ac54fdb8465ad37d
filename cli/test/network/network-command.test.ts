import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CliError } from '../../src/errors.ts';
import { explainWith } from './terminal.ts';

const rendered = fileURLToPath(new URL('../../../environments/dev/rendered', import.meta.url));

function explain(from: string, to: string, port: number, ...more: string[]) {
  const ends = ['--from', from, '--to', to, '--port', String(port), '-n', 'payments-dev'];
  return explainWith([...ends, ...more], POLICIES);
}

const POLICIES = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from:
        - ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] }
`;

test('network explain says yes, and which rules of which policies allow it', async () => {
  expect(await explain('payments-router', 'payments-vault', 8080, '-f', rendered)).toEqual({
    text: `yes: payments-dev/payments-router -> payments-dev/payments-vault on 8080/TCP
  egress   allowed by payments-dev/payments-router, spec.egress[0]
  ingress  allowed by payments-dev/payments-vault, spec.ingress[0]
  ingress  allowed by payments-dev/payments-vault, spec.ingress[2]
`,
    status: 0,
  });
});

test('network explain says no, which side denies and which policies do', async () => {
  expect(await explain('stripe-connector', 'adyen-connector', 8080, '-f', rendered)).toEqual({
    text: `no: payments-dev/stripe-connector -> payments-dev/adyen-connector on 8080/TCP
  egress   denied: selected by payments-dev/stripe-connector, and no rule there allows it
  ingress  denied: selected by payments-dev/adyen-connector, and no rule there allows it
`,
    status: 2,
  });
});

test('network explain finds pods by label and by namespace, and imagines one where there is none', async () => {
  const byLabel = await explain(
    'app.kubernetes.io/name=connector',
    'psp-simulator/app.kubernetes.io/name=psp-simulator',
    8081,
    '-f',
    rendered,
  );
  expect(byLabel.text.split('\n').filter((line) => !line.startsWith(' '))).toEqual([
    'no: payments-dev/adyen-connector -> psp-simulator/psp-simulator on 8081/TCP',
    'yes: payments-dev/stripe-connector -> psp-simulator/psp-simulator on 8081/TCP',
    '',
  ]);
  expect(byLabel.status).toBe(2);
  const imagined = await explain('default/app=shop', 'payments-vault', 8080, '-f', rendered);
  expect(imagined.text).toMatch(/^no: a pod default\/app=shop -> payments-dev\/payments-vault/);
});

test('network explain asks for each part of a block that the policies tell apart', async () => {
  const answers = await explain('10.0.0.0/8', 'app=web', 80, '-f', '-', '-o', 'json');
  expect(
    JSON.parse(answers.text).map(({ from, allowed }: { from: string; allowed: boolean }) => [from, allowed]),
  ).toEqual([
    ['10.0.0.0', true],
    ['10.1.0.0', false],
    ['10.2.0.0', true],
  ]);
  expect(answers.status).toBe(2);
});

test('a workload asked about itself stands for two of its pods', async () => {
  const { text } = await explain('payments-vault', 'payments-vault', 8080, '-f', rendered);
  expect(text).toMatch(/^no: payments-dev\/payments-vault -> another of its pods on 8080\/TCP/);
});

test('network explain names what there is when a name is unknown, and refuses what is no end', async () => {
  const unknown = await explain('nobody', 'payments-vault', 8080, '-f', rendered).catch((error) => error);
  expect(unknown).toBeInstanceOf(CliError);
  expect(unknown).toMatchObject({ code: 'not_found' });
  expect(unknown.message).toContain('payments-router');
  await expect(explain('app!=x', 'payments-vault', 8080, '-f', rendered)).rejects.toMatchObject({
    code: 'usage_invalid',
  });
});

test('network explain names what is wrong with a policy that cannot be read', async () => {
  const broken = POLICIES.replace('10.1.0.0/16', '10.1.0.0/99');
  const words = ['--from', '10.0.0.1', '--to', 'app=web', '--port', '80', '-f', '-'];
  await expect(explainWith(words, broken)).rejects.toMatchObject({
    code: 'manifest_invalid',
    message: expect.stringContaining('spec.ingress.0.from.0.ipBlock.except.0'),
  });
});
