import { request } from 'undici';

const MAX_BYTES = 256 * 1024;
/** A request waits for this. */
const TIMEOUT_MS = 2000;

/** Fetches a key set with bounds on time and size; redirects are not followed. */
export async function fetchKeySet(url: string): Promise<string> {
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`${url} answered ${statusCode}, wanted 200`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MAX_BYTES) throw new Error(`${url} sent more than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
