import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { claimNetwork } from '../../src/supervisor/network.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(host: string, port: number): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

it('two clusters get different addresses', async () => {
  const [one, other] = [await claimNetwork([]), await claimNetwork([])];
  expect(other.addons.kms).not.toBe(one.addons.kms);
  expect(other.serviceNetwork).not.toBe(one.serviceNetwork);
  one.release();
  other.release();
});

it('a port that a program has everywhere is named, with the way to find the program', async () => {
  const port = await listen('127.79.0.1', 0);
  for (let slot = 2; slot <= 15; slot += 1) await listen(`127.79.0.${slot}`, port);
  await expect(claimNetwork([port])).rejects.toMatchObject({
    code: 'address_in_use',
    message: expect.stringContaining(`ss -ltnp sport = :${port}`),
  });
});
