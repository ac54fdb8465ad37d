import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENV } from '@cofferdam/contracts';
import type { BrokerSettings } from '../environment.ts';
import {
  certificateAuthorities,
  KAFKA_CREDENTIAL_KEYS,
  type KafkaAccess,
  type KafkaAuth,
  KafkaCredentialsError,
  kafkaAuth,
} from './access.ts';

/**
 * Where a service's brokers are and how it is let in, as its environment says. The function that comes back reads
 * the mounted files each time: call it before every connection, and a rotated Secret is used.
 *
 * @returns undefined when no broker is named: events then stay in the outbox and the feed
 */
export function mountedKafkaAccess(settings: BrokerSettings): (() => Promise<KafkaAccess>) | undefined {
  const bootstrapServers = settings[ENV.kafkaBootstrapServers]?.split(',').map((server) => server.trim());
  if (bootstrapServers === undefined) return undefined;
  return async () => {
    const tls = settings[ENV.kafkaTls] ? await authorities(settings[ENV.kafkaCaFile]) : undefined;
    return { bootstrapServers, tls, auth: await credentials(settings) };
  };
}

async function authorities(file: string | undefined): Promise<{ ca?: string }> {
  return file === undefined ? {} : { ca: certificateAuthorities(await mounted(file), file) };
}

async function credentials(settings: BrokerSettings): Promise<KafkaAuth | undefined> {
  const mechanism = settings[ENV.kafkaAuth];
  if (mechanism === undefined) return undefined;
  const directory = settings[ENV.kafkaCredentialsDirectory] ?? '';
  const keys: Record<string, string> = {};
  for (const key of KAFKA_CREDENTIAL_KEYS[mechanism]) keys[key] = await mounted(join(directory, key));
  try {
    return kafkaAuth(mechanism, keys, settings[ENV.kafkaRegion]);
  } catch (error) {
    if (!(error instanceof KafkaCredentialsError)) throw error;
    throw new KafkaCredentialsError(`${ENV.kafkaCredentialsDirectory} ${directory}: ${error.message}`);
  }
}

async function mounted(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new KafkaCredentialsError(`${file} cannot be read (${code})`, { cause: error });
  }
}
