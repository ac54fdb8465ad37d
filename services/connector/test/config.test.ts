import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

const complete: Record<string, string> = {
  VAULT_ID: 'acme-dev',
  CONNECTOR_NAME: 'stripe',
  PROVIDER: 'stripe',
  ACCESS_FILE: '/access.json',
  ACCOUNTS_FILE: '/accounts.json',
  ACCOUNTS_DIR: '/accounts',
  VAULT_URL: 'https://payments-vault.payments-dev.svc:8080',
  TOKEN_FILE: '/token',
};

describe('the settings of a connector', () => {
  it('have defaults for what is not about this connector', () => {
    expect(readConfig(complete)).toMatchObject({ HOST: '0.0.0.0', PORT: 8080, TIMEOUT_MS: 10_000 });
  });

  it.each(Object.keys(complete))('are refused without %s, which the error names', (name) => {
    expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(new RegExp(`^${name} is required`));
  });

  it.each([
    ['PROVIDER', 'paypal'],
    ['ENDPOINT', 'ftp://psp.test'],
    ['ENDPOINT', 'http://psp.test'],
    ['VAULT_URL', 'http://payments-vault.payments-dev.svc:8080'],
    ['TIMEOUT_MS', '5'],
    ['VAULT_ID', 'Acme'],
  ])('are refused with %s=%s, which the error names and does not repeat', (name, value) => {
    expect(() => readConfig({ ...complete, [name]: value })).toThrow(new RegExp(`^${name} is not valid`));
  });
});
