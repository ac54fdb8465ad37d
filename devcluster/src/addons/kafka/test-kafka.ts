import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSupervisor } from '../../process/index.ts';
import { freePort } from '../free-port.ts';
import type { Absent } from './java.ts';
import type { SecuredListeners } from './secured.ts';
import { type KafkaServer, startKafka } from './server.ts';
import { createTestAuthority, type TestAuthority } from './test-certificates.ts';

/** Where the demo, tests and benchmarks keep Kafka's jars: they are fetched once for all. */
export const KAFKA_CACHE = fileURLToPath(new URL('../../../../.cofferdam/cache/kafka', import.meta.url));

/**
 * A Kafka of one test file: a temporary directory, a free port of 127.0.0.1. `stop()` removes its data, and so does
 * the end of the test process, however it ends. For suites named `*.cluster.test.ts`; skip them with `absent`.
 */
export async function startTestKafka(
  options: { secured?: SecuredListeners } = {},
): Promise<KafkaServer | Absent> {
  const supervisor = await createSupervisor();
  const stateDirectory = mkdtempSync(join(tmpdir(), 'cofferdam-kafka-'));
  supervisor.removeDirectoryAtEnd(stateDirectory);
  const host = '127.0.0.1';
  const port = await freePort(host);
  const kafka = await startKafka({
    ...{ ...options, host, port, stateDirectory, cacheDirectory: KAFKA_CACHE, supervisor },
  }).catch(async (error: unknown) => {
    await supervisor.close();
    throw error;
  });
  if ('absent' in kafka) {
    await supervisor.close();
    return kafka;
  }
  return {
    ...kafka,
    async stop() {
      await kafka.stop();
      await supervisor.close();
    },
  };
}

/** A Kafka that asks who its clients are, and the authority that signed its certificate. */
export interface SecuredTestKafka extends KafkaServer {
  /** `<host>:<port>` of TLS with SCRAM. */
  sasl: string;
  /** `<host>:<port>` of mutual TLS. */
  mutualTls: string;
  authority: TestAuthority;
}

/** As startTestKafka(), with the listeners of {@link SecuredListeners}. */
export async function startSecuredTestKafka(
  options: Pick<SecuredListeners, 'users' | 'superUsers'>,
): Promise<SecuredTestKafka | Absent> {
  const host = '127.0.0.1';
  const authority = await createTestAuthority();
  const [saslPort, mutualTlsPort] = [await freePort(host), await freePort(host)];
  const kafka = await startTestKafka({
    secured: {
      ...{ ...options, saslPort, mutualTlsPort, clientCa: authority.ca },
      ...(await authority.issue('broker', [host])),
    },
  });
  if ('absent' in kafka) return kafka;
  return { ...kafka, sasl: `${host}:${saslPort}`, mutualTls: `${host}:${mutualTlsPort}`, authority };
}
