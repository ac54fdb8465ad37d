import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { createSupervisor, type SupervisedChild, type Supervisor } from '../../process/index.ts';
import { freePort } from '../free-port.ts';
import { LOG4J2_PROPERTIES, serverProperties } from './configuration.ts';
import { ensureKafkaJars } from './jars.ts';
import { type Absent, missingJava } from './java.ts';
import { type SecuredListeners, scramArguments } from './secured.ts';

export interface KafkaOptions {
  /** The one address to listen on, a loopback one; clients are told the same address. */
  host: string;
  port: number;
  /** Holds topics, configuration and log; made when absent. */
  stateDirectory: string;
  /** Where Kafka's jars are kept between runs. */
  cacheDirectory: string;
  /** Listeners with authentication and ACLs besides; settled when the storage is formatted. Default: none. */
  secured?: SecuredListeners;
  /** Receives a line when something takes long. */
  onProgress?: (line: string) => void;
  /** Starts the broker; without one a supervisor of its own is made, with its journal in stateDirectory. */
  supervisor?: Supervisor;
}

/** A running Apache Kafka: one node, no automatic topics, no authentication unless it was asked for. */
export interface KafkaServer {
  /** `<host>:<port>` */
  bootstrapServers: string;
  pid: number;
  logFile: string;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 90_000;

/** A small, quickly started Java: little memory, no optimising compiler, one thread to collect garbage. */
const JAVA_OPTIONS = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/**
 * Starts a real Apache Kafka where Java is at hand, and Maven the first time. It ends when this process ends.
 *
 * @returns the broker, ready for use, or the one line that says why there is none
 * @throws when it does not start although everything is there, with the end of its log
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer | Absent> {
  const missing = await missingJava();
  if (missing !== undefined) return missing;
  const stateDirectory = resolve(options.stateDirectory);
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const supervisor =
    options.supervisor ?? (await createSupervisor({ journal: join(stateDirectory, 'processes') }));
  const closeOwnSupervisor = async () => {
    if (options.supervisor === undefined) await supervisor.close();
  };
  try {
    const { onProgress = () => {}, cacheDirectory } = options;
    const jars = await ensureKafkaJars({ supervisor, cacheDirectory: resolve(cacheDirectory), onProgress });
    if ('absent' in jars) {
      await closeOwnSupervisor();
      return jars;
    }
    const broker = await launch(supervisor, jars.directory, { ...options, stateDirectory });
    const bootstrapServers = `${options.host}:${options.port}`;
    await untilReady(bootstrapServers, broker);
    return {
      bootstrapServers,
      pid: broker.child.pid,
      logFile: broker.logFile,
      async stop() {
        await broker.child.stop();
        await closeOwnSupervisor();
      },
    };
  } catch (error) {
    await closeOwnSupervisor();
    throw error;
  }
}

interface Broker {
  child: SupervisedChild;
  logFile: string;
}

async function launch(supervisor: Supervisor, jars: string, options: KafkaOptions): Promise<Broker> {
  const { host, port, stateDirectory, secured } = options;
  const file = (name: string) => join(stateDirectory, name);
  const dataDirectory = file('data');
  const controllerPort = await freePort(host);
  writeFileSync(
    file('server.properties'),
    serverProperties({ host, port, controllerPort, dataDirectory, secured }),
    { mode: 0o600 },
  );
  writeFileSync(file('log4j2.properties'), LOG4J2_PROPERTIES);
  const logFile = file('kafka.log');
  const log = openSync(logFile, 'a', 0o600);
  const java = (mainClass: string, args: string[]) =>
    supervisor.start(
      'java',
      [
        ...JAVA_OPTIONS,
        `-Dlog4j2.configurationFile=${file('log4j2.properties')}`,
        ...['-cp', join(jars, '*'), mainClass, ...args],
      ],
      // After SIGTERM the broker hands over its partitions; alone it has nobody to hand them to.
      { cwd: stateDirectory, stdio: ['ignore', log, log], graceMs: 5000 },
    );
  try {
    if (!existsSync(join(dataDirectory, 'meta.properties'))) {
      const id = randomBytes(16).toString('base64url');
      const format = await java('kafka.tools.StorageTool', [
        'format',
        ...['--cluster-id', id, '--config', file('server.properties')],
        ...(secured === undefined ? [] : scramArguments(secured)),
      ]);
      const { code } = await format.exited;
      if (code !== 0) throw new Error(`Kafka's storage was not formatted. Its log ends:\n${tail(logFile)}`);
    }
    return { child: await java('kafka.Kafka', [file('server.properties')]), logFile };
  } finally {
    closeSync(log);
  }
}

/** Ready is: it answers a question about its topics. */
async function untilReady(bootstrapServers: string, { child, logFile }: Broker): Promise<void> {
  const ended = child.exited.then(() => 'ended' as const);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const admin = new Admin({
      ...{ clientId: 'cofferdam-devcluster', bootstrapBrokers: [bootstrapServers] },
      ...{ retries: 0, connectTimeout: 1000, requestTimeout: 5000 },
    });
    const answered = admin.listTopics({ includeInternals: true }).then(
      () => 'ready' as const,
      () => 'not yet' as const,
    );
    const result = await Promise.race([answered, ended]);
    await admin.close().catch(() => {});
    if (result === 'ready') return;
    if (result === 'ended' || performance.now() > deadline) {
      await child.stop({ graceMs: 0 });
      throw new Error(`Kafka did not start. Its log ends:\n${tail(logFile)}`);
    }
    await Promise.race([sleep(200), ended]);
  }
}

function tail(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
}
