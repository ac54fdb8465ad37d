import { readFile } from 'node:fs/promises';
import { CERTIFICATES_PATH, CertificateAnswer, Problem } from '@cofferdam/contracts';
import { request } from 'undici';
import type { FollowingAgent } from '../client/following-agent.ts';
import { readKnown } from '../client/read-known.ts';
import { newKey } from './certificate-request.ts';
import { readPair, type ServingPair } from './key-pair.ts';

export interface AuthorityOptions {
  /** CERTIFICATE_URL. */
  readonly url: string;
  /** CERTIFICATE_TOKEN_FILE. Read at each use: the token lives for minutes. */
  readonly tokenFile: string;
  /** SERVICE_NAMES. */
  readonly names: readonly string[];
  readonly agent: FollowingAgent;
}

const TIMEOUT_MS = 10_000;

/** A new key, certified by the operator. @throws with what stood in the way, in words for an SRE */
export async function askAuthority({ url, tokenFile, names, agent }: AuthorityOptions): Promise<ServingPair> {
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const { key, csr } = await newKey(names);
  const response = await request(new URL(CERTIFICATES_PATH, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ csr }),
    dispatcher: agent.dispatcher(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = parseJson(await response.body.text());
  if (response.statusCode !== 201) throw new Error(refusal(response.statusCode, answer));
  const parsed = readKnown(CertificateAnswer, answer);
  if (!parsed.success) throw new Error('its answer does not have the agreed shape');
  return readPair({ certificate: parsed.data.certificate, key });
}

function refusal(status: number, answer: unknown): string {
  const problem = Problem.safeParse(answer);
  if (!problem.success) return `it answered ${status}`;
  const { code, detail } = problem.data;
  return `it answered ${status} ${code}${detail === undefined ? '' : `: ${detail}`}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
