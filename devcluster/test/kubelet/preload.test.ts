import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preloadPath } from '../../src/kubelet/container-process.ts';

const run = promisify(execFile);

describe('the preload', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cofferdam-preload-'));
    const hosts = { 'web.shop': ['127.80.255.7'], 'idle.shop': [] };
    writeFileSync(join(directory, 'hosts.json'), JSON.stringify(hosts));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function inPod(program: string): Promise<unknown> {
    const url = pathToFileURL(preloadPath);
    url.searchParams.set('podIp', '127.80.255.7');
    url.searchParams.set('namespace', 'shop');
    url.searchParams.set('hosts', join(directory, 'hosts.json'));
    const file = join(directory, 'program.mjs');
    writeFileSync(file, program);
    const { stdout } = await run(process.execPath, [`--import=${url.href}`, file]);
    return JSON.parse(stdout);
  }

  it('gives a server that listens everywhere the address of its pod, in every form of listen()', async () => {
    const found = await inPod(`
      import { createServer } from 'node:net';
      import http from 'node:http';
      const listen = (server, ...args) => new Promise((resolve) => {
        server.on('listening', () => { resolve(server.address().address); server.close(); });
        server.listen(...args);
      });
      console.log(JSON.stringify(await Promise.all([
        listen(createServer(), 0),
        listen(createServer(), 0, '0.0.0.0'),
        listen(createServer(), '0', () => {}),
        listen(createServer(), { port: 0 }),
        listen(createServer(), { port: 0, host: '::' }),
        listen(createServer()),
        listen(http.createServer(), { port: 0, host: '0.0.0.0' }),
        listen(createServer(), 0, '127.0.0.1'),
        listen(createServer(), { port: 0, host: '127.0.0.1' }),
      ])));`);
    expect(found).toEqual([...Array(7).fill('127.80.255.7'), '127.0.0.1', '127.0.0.1']);
  });

  it('resolves the names of Services in every form of lookup(), and in fetch', async () => {
    const found = await inPod(`
      import dns, { lookup } from 'node:dns';
      import { lookup as promised } from 'node:dns/promises';
      import http from 'node:http';
      const callback = (...args) => new Promise((resolve) =>
        lookup(...args, (error, address, family) => resolve(error?.code ?? [address, family])));
      const server = http.createServer((request, response) => response.end(request.headers.host));
      await new Promise((resolve) => server.listen(0, resolve));
      const { port } = server.address();
      const answer = await (await fetch('http://web.shop.svc:' + port)).text();
      server.close();
      console.log(JSON.stringify({
        plain: await callback('web'),
        all: await callback('web.shop.svc.cluster.local', { all: true }),
        four: await callback('web.shop', 4),
        promised: await promised('web.shop.svc'),
        promisedAll: await dns.promises.lookup('web', { all: true }),
        idle: await callback('idle.shop.svc'),
        unknown: await promised('nobody.shop.svc').catch((error) => error.code),
        other: await callback('127.0.0.1'),
        answer: answer === 'web.shop.svc:' + port,
      }));`);
    const entry = { address: '127.80.255.7', family: 4 };
    expect(found).toEqual({
      plain: ['127.80.255.7', 4],
      all: [[entry], null],
      four: ['127.80.255.7', 4],
      promised: entry,
      promisedAll: [entry],
      idle: 'ENOTFOUND',
      unknown: 'ENOTFOUND',
      other: ['127.0.0.1', 4],
      answer: true,
    });
  });
});
