import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogServer, startLogServer } from '../../src/kubelet/log-server.ts';

describe("the kubelet's log server", () => {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-logs-'));
  let server: LogServer;
  beforeAll(async () => {
    const file = join(directory, '0.log');
    writeFileSync(file, '2026-11-22T12:00:00.000000000Z stdout F hello\n');
    server = await startLogServer('127.0.0.1', 'right', ({ name }) =>
      name === 'web' ? { file, running: () => false } : undefined,
    );
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async (pod: string, headers: Record<string, string>) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/containerLogs/shop/${pod}/main`, { headers });
    return { status: answer.status, text: await answer.text() };
  };

  it('answers the API server', async () => {
    const answer = await ask('web', { authorization: 'Bearer right' });
    expect(answer).toEqual({ status: 200, text: 'hello\n' });
  });

  it.each([[{}], [{ authorization: 'Bearer wrong' }], [{ authorization: 'right' }]])(
    'answers nobody else: %j',
    async (headers) => {
      expect(await ask('web', headers as Record<string, string>)).toEqual({
        status: 401,
        text: 'Unauthorized',
      });
      expect((await ask('none', headers as Record<string, string>)).status).toBe(401);
    },
  );
});
