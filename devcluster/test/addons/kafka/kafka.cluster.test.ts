import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Admin,
  Consumer,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type KafkaServer, startTestKafka } from '../../../src/addons/index.ts';
import { isRunning } from '../../../src/process/index.ts';

const started = await startTestKafka();
const absent = 'absent' in started;
if (absent) console.log(`skipped: ${started.absent}`);
afterAll(async () => {
  if ('stop' in started) await started.stop();
});

describe.skipIf(absent)('a Kafka broker', () => {
  const kafka = started as KafkaServer;
  const client = () => ({ clientId: 'test', bootstrapBrokers: [kafka.bootstrapServers] });

  test('carries records from an idempotent producer to a consumer, in order for each key', async () => {
    const topic = 'cofferdam.test.payments';
    const admin = new Admin(client());
    await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 });
    await admin.close();

    const producer = new Producer({ ...client(), serializers: stringSerializers, idempotent: true });
    const sent = ['1', '2', '3', '4'].map((value) => ({ topic, key: 'pay_1', value }));
    await producer.send({ messages: sent });
    await producer.close();

    const consumer = new Consumer({ ...client(), groupId: 'test', deserializers: stringDeserializers });
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
    const received: string[] = [];
    for await (const message of stream) {
      received.push(`${message.key}:${message.value}`);
      if (received.length === sent.length) break;
    }
    await consumer.close(true);
    expect(received).toEqual(['pay_1:1', 'pay_1:2', 'pay_1:3', 'pay_1:4']);
  });

  test('makes no topic unasked', async () => {
    const producer = new Producer({ ...client(), serializers: stringSerializers, retries: 0 });
    await expect(
      producer.send({ messages: [{ topic: 'never-made', key: 'k', value: 'v' }] }),
    ).rejects.toThrow();
    await producer.close();
    const admin = new Admin(client());
    expect(await admin.listTopics()).not.toContain('never-made');
    await admin.close();
  });

  test('warns of nothing in its log', () => {
    expect(readFileSync(kafka.logFile, 'utf8')).not.toMatch(/ (ERROR|FATAL) /);
  });
});

describe.skipIf(absent)('a Kafka broker of a test', () => {
  test('is gone, directory included, when the test process is killed', async () => {
    const fixture = fileURLToPath(new URL('./fixtures/start-and-wait.ts', import.meta.url));
    const parent = spawn(process.execPath, [fixture], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { pid, logFile } = await new Promise<{ pid: number; logFile: string }>((resolve, reject) => {
      parent.stdout.once('data', (line) => resolve(JSON.parse(String(line))));
      parent.once('exit', () => reject(new Error('the fixture ended early')));
    });
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 15_000 });
    await vi.waitFor(() => expect(existsSync(dirname(logFile))).toBe(false), { timeout: 5000 });
  });
});
