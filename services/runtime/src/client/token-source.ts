import { readFile } from 'node:fs/promises';

/** Our own service-account token, to show to another of our services. */
export type TokenSource = () => Promise<string>;

/** Reads TOKEN_FILE, again after ten seconds: the kubelet renews the token when a fifth of its life is left. */
export function tokenSource(path: string, now: () => number = Date.now): TokenSource {
  let cached: { token: string; at: number } | undefined;
  return async () => {
    if (!cached || now() - cached.at > 10_000)
      cached = { token: (await readFile(path, 'utf8')).trim(), at: now() };
    return cached.token;
  };
}
