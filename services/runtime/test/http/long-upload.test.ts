import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isUploading } from '../../src/http/long-upload.ts';
import { longUpload } from '../../src/index.ts';

const requestOver = (socket: object) => ({ socket }) as unknown as IncomingMessage;

async function read(body: Readable, limits: { stalledMs: number; mostBytes: number }, socket: object) {
  const pieces: Buffer[] = [];
  for await (const piece of longUpload(requestOver(socket), body, limits)) {
    expect(isUploading(socket)).toBe(true);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

describe('longUpload()', () => {
  const limits = { stalledMs: 60_000, mostBytes: 10 };

  it('gives what arrives, and is over at its end', async () => {
    const socket = { destroy: () => {} };
    expect(await read(Readable.from([Buffer.from('abc'), Buffer.from('def')]), limits, socket)).toBe(
      'abcdef',
    );
    expect(isUploading(socket)).toBe(false);
  });

  it.each<[string, () => Readable, Partial<typeof limits>, string]>([
    ['stalls', () => new PassThrough(), { stalledMs: 20 }, 'request_timeout'],
    ['breaks off', () => new PassThrough().destroy(new Error('ECONNRESET')), {}, 'request_timeout'],
    ['is too much', () => Readable.from([Buffer.alloc(11)]), {}, 'body_too_large'],
  ])('refuses what %s, and then ends the connection', async (_name, body, other, code) => {
    let destroyed = () => {};
    const ended = new Promise<void>((resolve) => {
      destroyed = resolve;
    });
    const socket = { destroy: () => destroyed() };
    const reading = read(body(), { ...limits, stalledMs: 20, ...other }, socket);
    await expect(reading).rejects.toMatchObject({ code });
    expect(isUploading(socket)).toBe(false);
    await ended;
  });
});
