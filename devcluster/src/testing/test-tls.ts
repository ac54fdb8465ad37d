import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch as fetchVia } from 'undici';
import { type Authority, createAuthority } from '../certificates/authority.ts';

/** The shape of the runtime's ServerCredentials, which this workspace does not import. */
interface TestCredentials {
  current(): TestTls['pair'];
  onChange(listener: (pair: TestTls['pair']) => void): () => void;
  expiresAt(): undefined;
  problem(): undefined;
  close(): void;
}

/** An authority, and one certificate of 127.0.0.1 and the names given, as the files that a pod would mount. */
export interface TestTls {
  readonly authority: Authority;
  /** PEM of the authority. */
  readonly ca: string;
  /** For `CA_FILE`. */
  readonly caFile: string;
  /** For `TLS_DIR`: tls.crt and tls.key. */
  readonly directory: string;
  /** The same two. */
  readonly pair: { readonly certificate: string; readonly key: string };
  /** For what runs in the test's own process: what a server shows, ... */
  readonly credentials: TestCredentials;
  /** ... and by whom a client verifies it. */
  readonly trust: { ca(): string };
  /** `fetch` that trusts this authority alone. */
  readonly fetch: typeof fetch;
  /** Writes the files again with a new key. */
  renew(life?: { notBefore?: Date; notAfter?: Date }): Promise<void>;
  remove(): void;
}

export async function createTestTls(names: string[] = ['localhost']): Promise<TestTls> {
  const authority = await createAuthority('cofferdam-test-ca');
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-tls-'));
  const caFile = join(directory, 'ca.crt');
  writeFileSync(caFile, authority.caPem);
  const served = join(directory, 'tls');
  mkdirSync(served);
  const listeners = new Set<(pair: TestTls['pair']) => void>();
  let pair = { certificate: '', key: '' };
  const renew: TestTls['renew'] = async (life = {}) => {
    const leaf = { subject: 'test', names, addresses: ['127.0.0.1'], ...life };
    const { certificatePem: certificate, keyPem: key } = await authority.issue(leaf);
    pair = { certificate, key };
    for (const listener of listeners) listener(pair);
    writeFileSync(join(served, 'tls.crt'), certificate);
    writeFileSync(join(served, 'tls.key'), key);
  };
  await renew();
  const dispatcher = new Agent({ connect: { ca: authority.caPem } });
  const fetchTrusting = (input: unknown, init: object = {}) =>
    fetchVia(input as Parameters<typeof fetchVia>[0], { ...init, dispatcher });
  return {
    fetch: fetchTrusting as unknown as typeof fetch,
    ...{ authority, caFile, renew, ca: authority.caPem, directory: served },
    trust: { ca: () => authority.caPem },
    credentials: {
      current: () => pair,
      onChange: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      expiresAt: () => undefined,
      problem: () => undefined,
      close: () => {},
    },
    get pair() {
      return pair;
    },
    remove: () => {
      void dispatcher.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
