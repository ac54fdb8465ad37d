import { join } from 'node:path';
import {
  type Absent,
  freePort,
  KAFKA_CACHE,
  type KafkaServer,
  startKafka,
} from '@cofferdam/devcluster/addons';
import type { Supervisor } from '@cofferdam/devcluster/process';
import { Admin, Consumer, MessagesStreamModes, stringDeserializer } from '@platformatic/kafka';

const HOST = '127.0.0.1';
const CLIENT = 'durability';

/** A record of a topic as it was read. */
export type KafkaRecord = { key: string; value: string; partition: number };

/** An Apache Kafka that is killed, and is then found at the same address with what its disk has. */
export type KillableBroker = {
  readonly bootstrapServers: string;
  readonly stateDirectory: string;
  /** SIGKILL; resolves when it answers again. */
  kill(): Promise<void>;
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Everything that the topic holds now, each partition in its order. */
  read(topic: string): Promise<KafkaRecord[]>;
  stop(): Promise<void>;
};

/** @returns the line that says why there is none, where Java is not at hand */
export async function startKillableBroker(
  supervisor: Supervisor,
  directory: string,
): Promise<KillableBroker | Absent> {
  const stateDirectory = join(directory, 'kafka');
  const port = await freePort(HOST);
  const start = (): Promise<KafkaServer | Absent> =>
    startKafka({ host: HOST, port, stateDirectory, cacheDirectory: KAFKA_CACHE, supervisor });
  const first = await start();
  if ('absent' in first) return first;
  let current = first;
  const { bootstrapServers } = first;
  return {
    ...{ bootstrapServers, stateDirectory },
    async kill() {
      process.kill(current.pid, 'SIGKILL');
      await current.stop();
      const next = await start();
      if ('absent' in next) throw new Error(next.absent);
      current = next;
    },
    async createTopic(topic, partitions) {
      const admin = new Admin({ clientId: CLIENT, bootstrapBrokers: [bootstrapServers] });
      await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
      await admin.close();
    },
    read: (topic) => readTopic(bootstrapServers, topic),
    stop: () => current.stop(),
  };
}

async function readTopic(bootstrapServers: string, topic: string): Promise<KafkaRecord[]> {
  const consumer = new Consumer({
    ...{ clientId: CLIENT, groupId: `${CLIENT}-${process.pid}`, bootstrapBrokers: [bootstrapServers] },
    deserializers: {
      ...{ key: stringDeserializer, value: stringDeserializer },
      ...{ headerKey: stringDeserializer, headerValue: stringDeserializer },
    },
  });
  try {
    const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const missing = new Map(
      ends.map((end, partition) => [partition, end] as const).filter(([, end]) => end > 0n),
    );
    const records: KafkaRecord[] = [];
    if (missing.size === 0) return records;
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
    for await (const { key, value, partition, offset } of stream) {
      records.push({ key: key ?? '', value: value ?? '', partition });
      if (offset + 1n >= (missing.get(partition) ?? 0n)) missing.delete(partition);
      if (missing.size === 0) break;
    }
    return records;
  } finally {
    await consumer.close(true);
  }
}
