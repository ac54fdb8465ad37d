import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { verifySignature } from '../../../src/addons/kms/sigv4.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const nowMs = Date.parse('2026-11-22T12:00:30Z');
const expected = { region: 'eu-central-1', services: ['kms'], nowMs };
const secretOf = () => secret;

/** Signs as AWS's documentation says, apart from the code under test. */
function sign(change: { date?: string; region?: string; service?: string; headers?: string[] } = {}) {
  const { date = '20261122T120000Z', region = 'eu-central-1', service = 'kms' } = change;
  const body = Buffer.from('{"KeyId":"a"}');
  const headers: Record<string, string> = {
    host: '127.0.0.1:4566',
    'x-amz-date': date,
    'x-amz-target': 'TrentService.DescribeKey',
  };
  const names = change.headers ?? Object.keys(headers).sort();
  const day = date.slice(0, 8);
  const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const canonical = `POST\n/\n\n${names.map((name) => `${name}:${headers[name]}\n`).join('')}\n${names.join(';')}\n${hash(body)}`;
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIA1/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { body, headers: { ...headers, authorization } as Record<string, string> };
}

describe('verifySignature()', () => {
  test('answers the access key of a request that is signed well', async () => {
    expect(await verifySignature(sign(), expected, secretOf)).toBe('AKIA1');
  });

  test.each([
    ['the body was changed', { ...sign(), body: Buffer.from('{"KeyId":"b"}') }],
    [
      'a signed header was changed',
      { ...sign(), headers: { ...sign().headers, 'x-amz-target': 'TrentService.Decrypt' } },
    ],
    ['the host is another', { ...sign(), headers: { ...sign().headers, host: '127.0.0.2:4566' } }],
    ['it is for another region', sign({ region: 'eu-west-1' })],
    ['it is for another service', sign({ service: 'sts' })],
    ['it is older than five minutes', sign({ date: '20261122T115400Z' })],
    ['it is from the future', sign({ date: '20261122T120600Z' })],
    ['its time is nonsense', sign({ date: '20261122T999999Z' })],
    ['the host is not signed', sign({ headers: ['x-amz-date', 'x-amz-target'] })],
    ['the date is not signed', sign({ headers: ['host', 'x-amz-target'] })],
    ['the operation is not signed', sign({ headers: ['host', 'x-amz-date'] })],
  ])('refuses a request when %s', async (_why, request) => {
    await expect(verifySignature(request, expected, secretOf)).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  test('refuses a request that another secret signed', async () => {
    await expect(verifySignature(sign(), expected, () => 'another')).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  test('refuses a request without a signature, or with a part of one', async () => {
    const { body, headers } = sign();
    const { authorization = '', ...unsigned } = headers;
    await expect(verifySignature({ body, headers: unsigned }, expected, secretOf)).rejects.toMatchObject({
      code: 'MissingAuthenticationTokenException',
    });
    const cut = { ...unsigned, authorization: authorization.replace(/, Signature.*/, '') };
    await expect(verifySignature({ body, headers: cut }, expected, secretOf)).rejects.toMatchObject({
      code: 'IncompleteSignatureException',
    });
  });
});
