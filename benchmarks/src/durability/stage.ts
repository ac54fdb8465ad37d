import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PostgresServer } from '@cofferdam/devcluster/addons';
import { dumpDatabase, type Source } from '@cofferdam/devcluster/testing';
import { Producer, stringSerializers } from '@platformatic/kafka';
import pg from 'pg';
import { startVaultEnvironment, type VaultEnvironment } from '../vault/environment.ts';
import { migrate } from '../vault/processes.ts';
import { type KillableBroker, startKillableBroker } from './broker.ts';
import { cardNumbers, PLANTED_PREFIX } from './cards.ts';
import { filesOf, heapFiles, type Places, plantedText } from './checks/leaks.ts';
import { VaultClient } from './client.ts';
import { VaultFleet } from './fleet.ts';
import { type OlderCode, olderCode } from './older-code.ts';
import { type KillablePostgres, startKillablePostgres } from './postgres.ts';

export const TOPIC = 'cofferdam.benchmark.tokens';
const PLANTED_TOPIC = 'planted';

/** Everything that takes part: real PostgreSQL, real Kafka where Java is, a KMS, vaults, and where they write. */
export type Stage = {
  directory: string;
  environment: VaultEnvironment;
  postgres: KillablePostgres;
  /** Or the line that says why there is none. */
  broker: KillableBroker | { absent: string };
  client: VaultClient;
  fleet: VaultFleet;
  older: OlderCode;
  /** Servers that have run, and where their data are. */
  databases: { server: PostgresServer; dataDirectory: string }[];
  /** What tables held that are not there any more. */
  tables: Source[];
  /** Of base backups. */
  backups: string[];
  /** Of the vaults' database, as the superuser. */
  databaseUrl: string;
  /** What vaults are given beside what every vault is. */
  vaultEnv: Record<string, string>;
  close(): Promise<void>;
};

export type StageOptions = {
  hostEnvironment: Record<string, string>;
  signal: AbortSignal;
};

/** With one vault, of code that is a step of the schema older, on the schema that it knows. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-durability-'));
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (let last = closers.pop(); last; last = closers.pop()) await last();
  };
  try {
    const started: { postgres?: KillablePostgres; broker?: Promise<Stage['broker']> } = {};
    const environment = await startVaultEnvironment(options.hostEnvironment, async (supervisor) => {
      supervisor.removeDirectoryAtEnd(directory);
      started.broker = startKillableBroker(supervisor, directory);
      started.broker.catch(() => {}); // it is waited for below
      started.postgres = await startKillablePostgres(supervisor, join(directory, 'postgres'));
      return started.postgres.server;
    });
    closers.push(() => environment.close());
    const [{ postgres }, broker] = [started, await started.broker];
    if (!postgres || !broker) throw new Error('the environment starts both');
    if ('stop' in broker) {
      closers.push(() => broker.stop());
      await broker.createTopic(TOPIC, 3);
    }
    const older = await olderCode(join(directory, 'older'));
    await migrate(environment, older.main);
    const client = new VaultClient(await environment.loadSettings());
    closers.push(() => client.close());
    mkdirSync(join(directory, 'tmp'));
    const vaultEnv = {
      TMPDIR: join(directory, 'tmp'),
      AUDIT_ANCHOR_SECONDS: '1',
      ...('stop' in broker ? { KAFKA_BOOTSTRAP_SERVERS: broker.bootstrapServers, KAFKA_TOPIC: TOPIC } : {}),
    };
    const fleet = new VaultFleet(environment, { env: vaultEnv, client, signal: options.signal });
    await fleet.start(0, older.main);
    const databases: Stage['databases'] = [postgres];
    const databaseUrl = postgres.server.adminUrl.replace(/postgres$/, 'vault');
    return {
      ...{ directory, environment, postgres, broker, client, fleet, databaseUrl, vaultEnv, close },
      ...{ databases, older, tables: [], backups: [] },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Puts a card number that nobody sent where the hunter has to find it: in each place, encoded in one way or another. */
export async function plant({ databaseUrl, environment, broker, directory }: Stage): Promise<void> {
  const text = plantedText(cardNumbers(PLANTED_PREFIX)());
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('CREATE TABLE planted (note text)');
  await client.query('INSERT INTO planted VALUES ($1)', [Buffer.from(text).toString('hex')]);
  await client.query('CHECKPOINT');
  await client.end();
  const encoded = Buffer.from(text).toString('base64');
  appendFileSync(join(environment.logDirectory, 'planted.log'), `{"msg":"debug","body":"${encoded}"}\n`);
  writeFileSync(join(directory, 'tmp', 'planted.gz'), gzipSync(text));
  if (!('stop' in broker)) return;
  await broker.createTopic(PLANTED_TOPIC, 1);
  const producer = new Producer({
    ...{ clientId: 'planted', bootstrapBrokers: [broker.bootstrapServers], serializers: stringSerializers },
  });
  await producer.send({ messages: [{ topic: PLANTED_TOPIC, key: 'planted', value: text }], acks: -1 });
  await producer.close();
}

/** Ends everything, so that all is on disk, and says where to look. The tables are read before that. */
export async function everythingWritten(stage: Stage): Promise<Places> {
  const { postgres, databases, backups, broker, directory, environment, fleet } = stage;
  const tables = [...stage.tables, ...(await dumpDatabase(stage.databaseUrl))];
  await fleet.stop();
  await Promise.all(databases.map(({ server }) => server.stop()));
  if ('stop' in broker) await broker.stop();
  const logs = databases.map(({ dataDirectory }) => join(dataDirectory, 'pg_wal'));
  return {
    tables: () => tables,
    'table files': () => heapFiles(...databases.map(({ dataDirectory }) => dataDirectory), ...backups),
    'write-ahead log': () => filesOf(...logs, postgres.archiveDirectory),
    logs: () => [...filesOf(environment.logDirectory), ...databases.map(({ server }) => logOf(server))],
    'temporary files': () => filesOf(join(directory, 'tmp')),
    ...('stop' in broker ? { topics: () => filesOf(broker.stateDirectory) } : {}),
  };
}

const logOf = ({ logFile }: PostgresServer): Source => ({ name: logFile, content: readFileSync(logFile) });
