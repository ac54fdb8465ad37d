import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ProblemError } from '../errors.ts';

const uploading = new WeakSet<object>();

/** Whether more arrives over this socket than a request may otherwise take the time for. */
export function isUploading(socket: object): boolean {
  return uploading.has(socket);
}

export interface LongUploadLimits {
  /** The client is heard of at least so often. */
  stalledMs: number;
  mostBytes: number;
}

/**
 * The body of a request that may take longer than others to arrive, as long as it goes on arriving: time that we take
 * ourselves, before we ask for more of it, does not count. Whoever gives up reading it ends the connection with what is
 * left, after a moment in which the answer can be read.
 *
 * @throws {ProblemError} request_timeout when it stalls or breaks off, body_too_large
 */
export async function* longUpload(
  request: IncomingMessage,
  body: Readable,
  { stalledMs, mostBytes }: LongUploadLimits,
): AsyncGenerator<Buffer, void> {
  const { socket } = request;
  uploading.add(socket);
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let bytes = 0;
  let isComplete = false;
  try {
    for (;;) {
      const { done, value } = await within(stalledMs, chunks.next());
      isComplete = done === true;
      if (isComplete) return;
      bytes += value.byteLength;
      if (bytes > mostBytes) throw new ProblemError('body_too_large');
      yield value;
    }
  } finally {
    uploading.delete(socket);
    if (!isComplete) setTimeout(() => socket.destroy(), stalledMs).unref();
  }
}

async function within<T>(limitMs: number, chunk: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    const detail = 'The body has stopped arriving before its end.';
    timer = setTimeout(() => reject(new ProblemError('request_timeout', { detail })), limitMs);
  });
  const arrived = chunk.catch((cause: unknown) => {
    throw new ProblemError('request_timeout', { detail: 'The body broke off before its end.', cause });
  });
  try {
    return await Promise.race([arrived, stalled]);
  } finally {
    clearTimeout(timer);
    arrived.catch(() => {}); // of what is not waited for any more
  }
}
