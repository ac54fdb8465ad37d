import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import { Agent, request } from 'undici';
import type { JwksSource } from '../options.ts';

const TIMEOUT_MS = 5000;

/** How the key set is had now: asked for at each use, as it changes when keys are rotated. */
export function jwksGetter(
  source: JwksSource | (() => Promise<JSONWebKeySet>),
): () => Promise<JSONWebKeySet> {
  if (typeof source === 'function') return source;
  if ('file' in source) return async () => JSON.parse(await readFile(source.file, 'utf8')) as JSONWebKeySet;
  let agent: Agent | undefined;
  return async () => {
    agent ??= new Agent(
      source.caFile === undefined ? {} : { connect: { ca: readFileSync(source.caFile, 'utf8') } },
    );
    const { statusCode, body } = await request(source.url, {
      dispatcher: agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`${source.url} answered ${statusCode}`);
    }
    return (await body.json()) as JSONWebKeySet;
  };
}
