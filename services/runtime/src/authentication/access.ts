import { dirname, resolve } from 'node:path';
import { AccessFile, ENV, type Permission } from '@cofferdam/contracts';
import { notUsable, ProblemError } from '../errors.ts';
import { type WatchedFile, watchFiles } from '../files/watched-file.ts';
import type { Readiness } from '../http/readiness.ts';
import type { Logger } from '../logging/logger.ts';
import type { Counter, Metrics } from '../metrics/metrics.ts';
import { AccessRefused } from './access-refused.ts';
import { allowedMerchants, chooseMerchant } from './authorize.ts';
import type { Caller, Identity, RouteAccess } from './caller.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { fileKeys, type KeySource, parseKeySet, remoteKeys } from './key-set.ts';
import { type Issuer, TokenRefused, TokenVerifier } from './verify-token.ts';

/** Authentication and authorization of one service, as `ACCESS_FILE` says at this moment. */
export interface Access {
  /** @throws {ProblemError} unauthenticated and forbidden as {@link AccessRefused}, merchant_required */
  admit(
    wanted: Exclude<RouteAccess, 'public'>,
    presented: { authorization: string | undefined; merchant: string | undefined },
  ): Promise<Caller>;
  /** The merchants for which an identity has a permission. @throws {ProblemError} forbidden */
  allowedMerchants(identity: Identity, permission: Permission): Caller['merchants'];
  /** The rules in use. */
  file(): AccessFile;
  /** What is wrong with the newest file, while an older one is used. */
  problem(): string | undefined;
  close(): void;
}

export interface AccessOptions {
  /** Path of ACCESS_FILE. */
  path: string;
  /** Must be the one that the file names: rules of another vault are not ours. */
  vaultId?: string;
  logger: Logger;
  metrics: Metrics;
  intervalMs?: number;
  /** Told of rules that cannot be used: a warning, because the last good ones go on. */
  readiness?: Readiness;
  now?: () => number;
  fetchText?: (url: string) => Promise<string>;
}

interface Loaded {
  file: AccessFile;
  verifier: TokenVerifier;
}

/** @throws {StartError} when the file is missing or wrong at the start; later such a file is reported and not used */
export async function loadAccess(options: AccessOptions): Promise<Access> {
  const refusals = options.metrics.meter.createCounter('cofferdam_authentication_refusals', {
    description: 'Requests whose token was refused, by reason.',
  });
  const file = await watchAccess(options).catch(notUsable(ENV.accessFile));
  options.readiness?.add('access rules', () => {
    const warning = 'the newest rules cannot be used, and those of before are; the log says why';
    return file.problem() === undefined || { warning };
  });
  return {
    admit: async (wanted, presented) => {
      const { verifier, file: used } = file.current();
      const identity = await verifier
        .verify(presented.authorization)
        .catch((error: unknown) => refuse(error, refusals, options.logger));
      return forIdentity(identity, () => {
        const merchants = allowedMerchants(used.rules, identity, wanted.permission);
        if (wanted.scope === 'workload') return { identity, merchants, merchant: undefined };
        if (wanted.scope === 'merchants' && presented.merchant === undefined) {
          return { identity, merchants, merchant: undefined };
        }
        const merchant = chooseMerchant(merchants, presented.merchant);
        return { identity, merchants: [merchant], merchant };
      });
    },
    allowedMerchants: (identity, permission) =>
      allowedMerchants(file.current().file.rules, identity, permission),
    file: () => file.current().file,
    problem: () => file.problem(),
    close: () => file.close(),
  };
}

function refuse(error: unknown, refusals: Counter, logger: Logger): never {
  if (!(error instanceof TokenRefused)) throw error;
  refusals.add(1, { reason: error.reason });
  logger.warn({ reason: error.reason, err: error.cause }, 'token refused');
  throw new AccessRefused('unauthenticated', error.reason, undefined, {
    detail: 'A bearer token of a known issuer, for our audience and not expired, is needed.',
    cause: error,
  });
}

/** A refusal says whom it refused. */
function forIdentity<T>(identity: Identity, admit: () => T): T {
  try {
    return admit();
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'forbidden') throw error;
    const { detail } = error;
    throw new AccessRefused('forbidden', 'not_allowed', identity, detail === undefined ? {} : { detail });
  }
}

function watchAccess(options: AccessOptions): Promise<WatchedFile<Loaded>> {
  const directory = dirname(options.path);
  // Kept over a reload of the rules: a remote issuer's keys are not fetched again because a rule changed.
  const remotes = new Map<string, KeySource>();
  const remote = (url: string): KeySource => {
    const existing = remotes.get(url);
    if (existing) return existing;
    const source = remoteKeys(url, {
      fetchText: options.fetchText ?? fetchKeySet,
      ...(options.now ? { now: options.now } : {}),
    });
    remotes.set(url, source);
    return source;
  };
  return watchFiles<Loaded>({
    logger: options.logger,
    ...(options.intervalMs === undefined ? {} : { intervalMs: options.intervalMs }),
    paths: (first) => [options.path, ...(first === undefined ? [] : keyFiles(parseAccess(first), directory))],
    parse: ([text = '', ...keyTexts]) => {
      const access = parseAccess(text);
      if (options.vaultId !== undefined && access.vaultId !== options.vaultId) {
        throw new Error(`vaultId is ${access.vaultId}, wanted ${options.vaultId}`);
      }
      const issuers = access.issuers.map((entry): Issuer => {
        const common = {
          issuer: entry.issuer,
          audiences: entry.audiences,
          merchantClaim: entry.merchantClaim,
        };
        if (entry.jwksFile === undefined) {
          if (entry.jwksUri === undefined)
            throw new Error(`issuer ${entry.issuer} has neither jwksUri nor jwksFile`);
          return { ...common, local: false, keys: remote(entry.jwksUri) };
        }
        const keys = parseKeySet(keyTexts.shift() ?? '');
        return { ...common, local: true, keys: fileKeys(() => keys) };
      });
      return { file: access, verifier: new TokenVerifier(issuers, options.now) };
    },
  });
}

function parseAccess(text: string): AccessFile {
  const result = AccessFile.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}

function keyFiles(access: AccessFile, directory: string): string[] {
  return access.issuers.flatMap((issuer) =>
    issuer.jwksFile === undefined ? [] : [resolve(directory, issuer.jwksFile)],
  );
}
