import { describe, expect, it } from 'vitest';
import { neverSent } from '../../src/index.ts';

const failure = (code: string, syscall?: string) =>
  Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) });

describe('neverSent()', () => {
  it.each([
    ['a refused connection', failure('ECONNREFUSED', 'connect')],
    ['a host that cannot be reached', failure('EHOSTUNREACH', 'connect')],
    ['a name that nobody has', failure('ENOTFOUND', 'getaddrinfo')],
    ['a connection that was not made in time', failure('UND_ERR_CONNECT_TIMEOUT')],
    ['a certificate of another name', failure('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['a certificate that signed itself', failure('DEPTH_ZERO_SELF_SIGNED_CERT')],
    ['every address refused', new AggregateError([failure('ECONNREFUSED', 'connect')])],
  ])('is sure after %s', (_name, error) => {
    expect(neverSent(error)).toBe(true);
  });

  it.each([
    ['a host that vanished from an established connection', failure('EHOSTUNREACH', 'read')],
    ['a network that vanished while the request was written', failure('ENETUNREACH', 'write')],
    ['a reset', failure('ECONNRESET', 'read')],
    ['a connection that the server closed', failure('UND_ERR_SOCKET')],
    ['an address that was tried and another that broke', new AggregateError([failure('EPIPE', 'write')])],
    ['what is no error', undefined],
  ])('is not sure after %s', (_name, error) => {
    expect(neverSent(error)).toBe(false);
  });
});
