import { describe, expect, it } from 'vitest';
import { readServeConfig } from '../src/config.ts';

const complete: Record<string, string> = {
  VAULT_ID: 'acme-dev',
  DATABASE_DIR: '/database',
  ACCESS_FILE: '/access.json',
  ROUTING_FILE: '/routing.json',
  VAULT_URL: 'https://payments-vault.payments-dev.svc:8080',
  TOKEN_FILE: '/token',
};

describe('the settings of a router', () => {
  it('need no broker', () => {
    expect(readServeConfig(complete)).toMatchObject({ PORT: 8080, KAFKA_BOOTSTRAP_SERVERS: undefined });
  });

  it('are refused with a vault that is spoken to in plaintext', () => {
    const plaintext = { ...complete, VAULT_URL: 'http://payments-vault.payments-dev.svc:8080' };
    expect(() => readServeConfig(plaintext)).toThrow('VAULT_URL is not valid: must be an https:// URL');
  });

  it.each(Object.keys(complete))('are refused without %s, which the error names', (name) => {
    expect(() => readServeConfig({ ...complete, [name]: undefined })).toThrow(
      new RegExp(`^${name} is required`),
    );
  });
});
