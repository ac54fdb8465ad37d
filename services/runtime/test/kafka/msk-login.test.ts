import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { Admin } from '@platformatic/kafka';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kafkaClientOptions } from '../../src/index.ts';

/*
 * The first three requests of a client, as an MSK broker would see them. Only what they carry is looked at, so the
 * broker answers the handshake and ends the connection at the login.
 */
const [API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE] = [18, 17, 36];
const saved = { ...process.env };
let logins: string[] = [];
const broker = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (request) => answer(socket, request));
});

beforeEach(async () => {
  logins = [];
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  process.env = { ...saved };
  broker.close();
});

test('a client logs in with OAUTHBEARER and a presigned kafka-cluster:Connect of its own credentials', async () => {
  const { port } = broker.address() as AddressInfo;
  const { sasl, bootstrapBrokers } = kafkaClientOptions({
    bootstrapServers: [`127.0.0.1:${port}`],
    auth: { mechanism: 'AwsMskIam', region: 'eu-west-1' },
  });
  const admin = new Admin({ clientId: 'test', bootstrapBrokers, retries: 0, ...(sasl ? { sasl } : {}) });
  await expect(admin.listTopics()).rejects.toThrow();
  await admin.close();

  const [gs2, bearer = '', ...end] = (logins[0] ?? '').split('\u0001');
  expect([gs2, bearer.slice(0, 12), ...end]).toEqual(['n,,', 'auth=Bearer ', '', '']);
  const token = bearer.slice(12);
  const url = new URL(Buffer.from(token, 'base64url').toString());
  expect(url.host).toBe('kafka.eu-west-1.amazonaws.com');
  expect(url.searchParams.get('Action')).toBe('kafka-cluster:Connect');
  expect(url.searchParams.get('X-Amz-Credential')).toMatch(
    /^AKIDEXAMPLE\/\d{8}\/eu-west-1\/kafka-cluster\/aws4_request$/,
  );
  expect(url.searchParams.get('X-Amz-Expires')).toBe('900');
});

/** size int32, api key int16, version int16, correlation id int32, client id ... */
function answer(socket: Socket, request: Buffer): void {
  const [apiKey, correlation] = [request.readInt16BE(4), request.readInt32BE(8)];
  const reply = (body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeInt32BE(4 + body.length);
    head.writeInt32BE(correlation, 4);
    socket.write(Buffer.concat([head, body]));
  };
  if (apiKey === API_VERSIONS) {
    // No error; one API (SaslAuthenticate, versions 0 to 0); not throttled.
    reply(Buffer.from([0, 0, 0, 0, 0, 1, 0, SASL_AUTHENTICATE, 0, 0, 0, 0, 0, 0, 0, 0]));
  } else if (apiKey === SASL_HANDSHAKE) {
    const name = Buffer.from('OAUTHBEARER');
    reply(Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, name.length]), name]));
  } else {
    logins.push(request.subarray(request.indexOf('n,,')).toString());
    socket.destroy();
  }
}
