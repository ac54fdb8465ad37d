import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { EnvironmentConfig } from '../../src/config/environment-config.ts';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import { Release } from '../../src/config/release.ts';

const dev = readFileSync(new URL('../../../environments/dev/config.yaml', import.meta.url), 'utf8');
const release = readFileSync(new URL('../../../environments/dev/release.yaml', import.meta.url), 'utf8');

/** What is said of the dev configuration after an edit, and the 1-based line that the edit made. */
function problemsAfter(edit: (text: string) => string): string[] {
  return messages(() => parseYaml('config.yaml', edit(dev), EnvironmentConfig));
}

function messages(parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

function lineOf(text: string, needle: string): number {
  return text.slice(0, text.indexOf(needle)).split('\n').length;
}

describe('parseYaml()', () => {
  test('reads the dev environment', () => {
    expect(parseYaml('config.yaml', dev, EnvironmentConfig).vault.vaultId).toBe('acme-dev');
  });

  test('names file, line, column and path of a wrong value', () => {
    const line = lineOf(dev, '\n  kafka:') + 1;
    expect(
      problemsAfter((text) => text.replace('\n  kafka:', '\n  tokens:\n    format: Rot13\n  kafka:')),
    ).toEqual([`config.yaml:${line + 1}:5 vault.tokens.format: expected one of "Opaque"|"Preserving"`]);
  });

  test('names an unknown member at its own place', () => {
    const line = lineOf(dev, '    provider: aws');
    expect(
      problemsAfter((text) => text.replace('    provider: aws', '    provider: aws\n    regoin: x')),
    ).toEqual([`config.yaml:${line + 1}:5 vault.kms.regoin: unknown member`]);
  });

  test('names a missing member at the place of its parent', () => {
    const line = lineOf(dev, '\n  kms:') + 1;
    expect(problemsAfter((text) => text.replace('    region: eu-central-1\n', ''))).toEqual([
      `config.yaml:${line}:3 vault.kms.region: is missing: expected string`,
    ]);
  });

  test('finds the place of a member in a list', () => {
    const line = lineOf(dev, 'adyen-acme');
    expect(problemsAfter((text) => text.replace('{ name: adyen-acme }', '{ name: Adyen_Acme }'))).toEqual([
      expect.stringMatching(
        new RegExp(`^config.yaml:${line}:\\d+ connectors.1.accounts.0.credentialsRef.name: `),
      ),
    ]);
  });

  test('tells of everything that is wrong, in the order of the file', () => {
    const found = problemsAfter((text) =>
      text.replace('- name: checkout', '- nam: checkout').replace('replicas: 1', 'replicas: many'),
    );
    expect(found.map((line) => line.split(' ')[1])).toEqual([
      'operator.replicas:',
      'clients.0.name:',
      'clients.0.nam:',
    ]);
  });

  test('names the place of what is not YAML', () => {
    expect(messages(() => parseYaml('config.yaml', 'a: 1\nb: [1, 2\n', EnvironmentConfig))).toEqual([
      expect.stringMatching(/^config\.yaml:\d+:\d+ .+/),
    ]);
    expect(messages(() => parseYaml('config.yaml', 'a: 1\na: 2\n', EnvironmentConfig))).toEqual([
      expect.stringMatching(/^config\.yaml:2:1 .*unique/i),
    ]);
  });

  test('an empty file lacks everything', () => {
    expect(messages(() => parseYaml('config.yaml', '', EnvironmentConfig))).toEqual([
      expect.stringMatching(/^config\.yaml:1:1 /),
    ]);
  });

  test('refuses a pin that is a tag', () => {
    const tagged = release.replace(/router@sha256:0+/, 'router:v1.2.3');
    expect(messages(() => parseYaml('release.yaml', tagged, Release))).toEqual([
      expect.stringMatching(
        /^release\.yaml:\d+:3 images\.router: expected an image by digest .* received ghcr\.io\/cofferdam\/router:v1\.2\.3: a tag can be moved/,
      ),
    ]);
  });
});
