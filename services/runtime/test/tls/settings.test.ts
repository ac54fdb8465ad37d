import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readEnvironment, tlsSettings, tlsSource } from '../../src/index.ts';

const read = (env: Record<string, string>) => tlsSource(readEnvironment(z.object(tlsSettings), env));
const asked = {
  CERTIFICATE_URL: 'https://cofferdam-operator.cofferdam-system.svc:8443',
  CERTIFICATE_TOKEN_FILE: '/token',
  SERVICE_NAMES: 'payments-vault.payments-dev.svc,payments-vault',
};

describe('where a certificate comes from', () => {
  it('is a directory, or the operator', () => {
    expect(read({ TLS_DIR: '/tls' })).toEqual({ directory: '/tls' });
    expect(read(asked)).toEqual({
      url: asked.CERTIFICATE_URL,
      tokenFile: '/token',
      names: ['payments-vault.payments-dev.svc', 'payments-vault'],
    });
  });

  it('must be said: there is no serving in plaintext', () => {
    expect(() => read({})).toThrow(/^TLS_DIR or CERTIFICATE_URL is required/);
  });

  it.each(['CERTIFICATE_TOKEN_FILE', 'SERVICE_NAMES'])('as the operator needs %s', (name) => {
    expect(() => read({ ...asked, [name]: '' })).toThrow(`${name} is required with CERTIFICATE_URL`);
  });

  it('is asked for over https alone', () => {
    const plaintext = { ...asked, CERTIFICATE_URL: 'http://cofferdam-operator:8443' };
    expect(() => read(plaintext)).toThrow('CERTIFICATE_URL is not valid: must be an https:// URL');
  });
});
