import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestTls } from '@cofferdam/devcluster/testing';
import { expect, test } from 'vitest';
import { statuszReader } from '../../src/effects/statusz.ts';

test('statusz is read with our token; a refusal, nonsense and silence are no report, and end in time', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cofferdam-statusz-'));
  await writeFile(join(directory, 'token'), 'mine\n');
  const report = { service: 'vault', version: '1', instance: 'p' };
  const server = createServer((request, response) => {
    if (request.url === '/silent/statusz') return;
    if (request.url === '/nonsense/statusz') return response.end('{"service":"toaster"}');
    const ours = request.headers.authorization === 'Bearer mine' && request.url === '/statusz';
    return response.writeHead(ours ? 200 : 403).end(JSON.stringify(report));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const failed: string[] = [];
  const reader = statuszReader({
    tokenFile: join(directory, 'token'),
    timeoutMs: 200,
    onFailure: (of) => failed.push(of.slice(url.length)),
  });
  expect(await reader.read(url)).toEqual(report);
  for (const path of ['/forbidden', '/nonsense', '/silent'])
    expect(await reader.read(url + path)).toBeUndefined();
  expect(failed).toEqual(['/forbidden', '/nonsense', '/silent']);
  expect(await statuszReader({ tokenFile: undefined }).read(url)).toBeUndefined();
  await reader.close();
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

test('a server is asked only when the authorities that were named vouch for it, and our token goes to no other', async () => {
  const [tls, other] = [await createTestTls(), await createTestTls()];
  const directory = await mkdtemp(join(tmpdir(), 'cofferdam-statusz-'));
  await writeFile(join(directory, 'token'), 'mine\n');
  const report = { service: 'vault', version: '1', instance: 'p' };
  let asked = 0;
  const server = createTlsServer({ key: tls.pair.key, cert: tls.pair.certificate }, (_request, response) => {
    asked++;
    response.end(JSON.stringify(report));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = statuszReader({ tokenFile: join(directory, 'token') });
  for (const authorities of [other.ca, undefined, '']) {
    expect(await reader.read(url, authorities)).toBeUndefined();
  }
  expect(asked).toBe(0);
  expect(await reader.read(url, tls.ca)).toEqual(report);
  await reader.close();
  server.closeAllConnections();
  server.close();
  for (const made of [tls, other]) made.remove();
  await rm(directory, { recursive: true });
});
