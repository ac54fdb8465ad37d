import { request } from 'undici';
import type { z } from 'zod';
import { PromotionError, type PromotionErrorCode } from '../errors.ts';

export interface JsonSource {
  /** Such as `Argo CD`. */
  readonly name: string;
  readonly url: string;
  /** Bearer token, where one is needed. */
  readonly token: string | undefined;
  /** Environment variable that holds the token, for messages. */
  readonly tokenVariable: string;
  readonly code: PromotionErrorCode;
}

const TIMEOUT_MS = 15_000;

/**
 * Asks for JSON of a shape.
 * @returns undefined for a 404
 * @throws {PromotionError} with the source's code
 */
export async function getJson<S extends z.ZodType>(
  { name, url, token, tokenVariable, code }: JsonSource,
  schema: S,
): Promise<z.infer<S> | undefined> {
  const failed = (what: string, cause?: unknown) => new PromotionError(code, `${name}: ${what}`, cause);
  /** Somebody has to do something first. */
  const wrong = (what: string, cause?: unknown) => new PromotionError(code, `${name}: ${what}`, cause, false);
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const answer = await request(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (error: Error) => {
      throw failed(`no answer from ${url} (${error.message}): is it reachable from here?`, error);
    },
  );
  const text = await answer.body.text().catch((error: Error) => {
    throw failed(`the answer of ${url} broke off (${error.message}): run it again`, error);
  });
  switch (answer.statusCode) {
    case 200:
      break;
    case 404:
      return undefined;
    case 401:
    case 403:
      throw wrong(
        `${url} answered ${answer.statusCode}: set ${tokenVariable} to a token that may read it (there is ${token === undefined ? 'none' : 'another'} now)`,
      );
    default:
      throw failed(`${url} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw wrong(`the answer of ${url} is not as expected: is that the right address?`, error);
  }
}
