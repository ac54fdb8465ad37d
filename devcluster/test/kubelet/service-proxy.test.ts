import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServiceProxy } from '../../src/kubelet/service-proxy.ts';
import type { Target } from '../../src/kubelet/service-routes.ts';

const HOST = '127.64.255.7';

describe('the service proxy', () => {
  const servers: Server[] = [];
  const targets: Target[] = [];
  const proxy = createServiceProxy(() => {});
  let port = 0;

  beforeAll(async () => {
    for (const [index, host] of ['127.80.255.2', '127.80.255.3'].entries()) {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => {});
        socket.on('data', (data) => socket.write(`${index}:${data}`));
        socket.on('end', () => socket.end('!'));
      });
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      servers.push(server);
      targets.push({ host, port: (server.address() as { port: number }).port });
    }
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, HOST, resolve));
    port = (free.address() as { port: number }).port;
    await new Promise((resolve) => free.close(resolve));
  });
  afterAll(async () => {
    await proxy.close();
    for (const server of servers) server.close();
  });

  async function route(wanted: Target[]): Promise<void> {
    proxy.update([{ service: 'shop/web', host: HOST, port, targets: wanted }]);
    await sleep(20);
  }

  async function ask(): Promise<string> {
    const { connect } = await import('node:net');
    return new Promise((resolve) => {
      let text = '';
      const socket = connect({ host: HOST, port, allowHalfOpen: true }, () => socket.end('hello'));
      socket.on('data', (data) => {
        text += data;
      });
      socket.on('end', () => resolve(text));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
  }

  it('refuses while nothing is ready', async () => {
    await route([]);
    expect(await ask()).toBe('ECONNREFUSED');
  });

  it('spreads connections, carries both directions to their end, and follows changes', async () => {
    await route(targets);
    const answers = [await ask(), await ask(), await ask(), await ask()];
    expect(new Set(answers)).toEqual(new Set(['0:hello!', '1:hello!']));
    await route(targets.slice(1));
    expect([await ask(), await ask()]).toEqual(['1:hello!', '1:hello!']);
  });

  it('goes past an endpoint that refuses, and resets when all do', async () => {
    const dead = { host: '127.80.255.9', port: 9 };
    await route([dead, ...targets.slice(0, 1)]);
    expect([await ask(), await ask()]).toEqual(['0:hello!', '0:hello!']);
    await route([dead]);
    expect(await ask()).toBe('ECONNRESET');
  });
});
