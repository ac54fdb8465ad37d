import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commonSettings, readEnvironment, StartError } from '../src/index.ts';

const Schema = z.object({
  ...commonSettings,
  VAULT_ID: z.string().describe("the vault's identity"),
  SECRET: z.string().min(20, 'must have 20 characters').optional(),
});

describe('readEnvironment()', () => {
  it('gives types and defaults', () => {
    const read = readEnvironment(Schema, { VAULT_ID: 'acme', PORT: '9000', POD_NAME: 'p', UNKNOWN: 'x' });
    expect(read).toMatchObject({
      ...{ VAULT_ID: 'acme', PORT: 9000, HOST: '0.0.0.0', LOG_LEVEL: 'info', POD_NAME: 'p' },
    });
    expect(read).not.toHaveProperty('UNKNOWN');
  });

  it.each([
    [{}, "VAULT_ID is required (the vault's identity)"],
    [{ VAULT_ID: '' }, "VAULT_ID is required (the vault's identity)"],
    [{ VAULT_ID: 'acme', SECRET: 'hush' }, 'SECRET is not valid: must have 20 characters'],
  ])('%o is refused by name and without the value', (env, message) => {
    expect(() => readEnvironment(Schema, env)).toThrow(new StartError(message));
  });
});
