import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../src/manifests/read.ts';
import { checkDocument, problemText } from '../../src/validate/check.ts';
import { cofferdam } from '../support/terminal.ts';

const rendered = new URL('../../../environments/dev/rendered/', import.meta.url);
const good = readFileSync(new URL('80-paymentvault.payments-dev.payments.yaml', rendered), 'utf8');
const problemsIn = (text: string) =>
  parseDocuments('vault.yaml', text).flatMap((document) => checkDocument(document).problems.map(problemText));
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('checkDocument()', () => {
  it('finds nothing wrong with what the demo applies', () => {
    expect(problemsIn(good)).toEqual([]);
  });

  it('points at an unknown member, in the words of strict decoding', () => {
    const text = good.replace('  vaultId:', '  vaultName: x\n  vaultId:');
    expect(problemsIn(text)).toEqual([
      `vault.yaml:${lineOf(text, 'vaultName')}:3: unknown field "spec.vaultName"`,
    ]);
  });

  it('points at the parent of what is missing, and says it once', () => {
    const text = good.replace(/^ {2}vaultId: .*\n/m, '');
    expect(problemsIn(text)).toEqual([`vault.yaml:${lineOf(text, 'spec:')}:1: spec.vaultId: Required value`]);
  });

  it('evaluates the rules that a schema alone cannot express', () => {
    const text = good.replace('  name: payments\n', `  name: ${'p'.repeat(40)}\n`);
    expect(problemsIn(text).join()).toContain('metadata.name must be at most 36 lower-case letters');
    const both = good.replace('    create:\n', '    keyId: mine\n    create:\n');
    expect(problemsIn(both)).toEqual([
      `vault.yaml:${lineOf(both, '  kms:\n    keyId')}:3: spec.kms: Invalid value: exactly one of keyId and create is wanted`,
    ]);
  });

  it('names the item of a list by its index, and stands at it', () => {
    const text = good.replace(/audiences:\n(\s+)- cofferdam/, 'audiences:\n$1- 7');
    const [problem = ''] = problemsIn(text);
    expect(problem).toContain('spec.access.issuers[0].audiences[0]');
    expect(problem).toMatch(new RegExp(`^vault.yaml:${lineOf(text, '- 7')}:`));
  });

  it('refuses another version and another kind of our group', () => {
    expect(problemsIn('apiVersion: payments.cofferdam.dev/v1\nkind: PaymentVault\n')).toEqual([
      'vault.yaml:1:1: apiVersion: payments.cofferdam.dev/v1 is not served: use payments.cofferdam.dev/v1alpha1',
    ]);
    expect(problemsIn('apiVersion: payments.cofferdam.dev/v1alpha1\nkind: Vault\n')).toEqual([
      'vault.yaml:2:1: payments.cofferdam.dev has no kind Vault: PaymentVault or PSPConnector?',
    ]);
  });

  it('says where the YAML itself is wrong', () => {
    expect(problemsIn('a: 1\na: 2\n')).toEqual(['vault.yaml:2:1: Map keys must be unique']);
  });

  it('warns of what this release does not act on yet', () => {
    const text = `${good}  router: { rules: [], cascade: { maxAttempts: 2 } }\n`;
    const [checked] = parseDocuments('vault.yaml', text).map(checkDocument);
    expect(checked?.problems).toEqual([]);
    expect(checked?.warnings.map(({ field }) => field)).toEqual(['spec.router.cascade']);
  });
});

describe('cofferdam validate', () => {
  it('reads a directory, and counts what it does not look at', async () => {
    expect(await cofferdam(['validate', '-f', rendered.pathname])).toEqual({
      stdout: expect.stringMatching(/^3 valid; \d+ of other kinds not looked at\n$/),
      stderr: '',
      status: 0,
    });
  });

  it('reads stdin, and ends with 1 at a problem', async () => {
    const ran = await cofferdam(['validate', '-f', '-'], { stdin: good.replace('vaultId:', 'vaultID:') });
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^stdin:\d+:1: spec.vaultId: Required value\n/);
    expect(ran.stdout).toContain('unknown field "spec.vaultID"');
  });

  it('does not call nothing valid', async () => {
    expect(await cofferdam(['validate', '-f', '-'], { stdin: '' })).toMatchObject({
      stderr: 'cofferdam: no PaymentVault or PSPConnector in -\n',
      status: 1,
    });
    expect((await cofferdam(['validate', '-f', 'no-such.yaml'])).stderr).toBe(
      'cofferdam: no-such.yaml: no such file or directory: name a file, a directory or - with -f\n',
    );
  });
});
