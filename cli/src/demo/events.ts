import { Event } from '@cofferdam/contracts';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { CliError } from '../errors.ts';
import { isComplete, type ScenarioPayment } from './scenario.ts';

const TIMEOUT_MS = 20_000;

/**
 * Reads topics from their beginning until every payment has its final event.
 * @returns the events, oldest first
 * @throws CliError `not_ready` when they are not there within 20 s
 */
export async function readTopics(
  bootstrapServers: string[],
  topics: string[],
  payments: readonly ScenarioPayment[],
): Promise<Event[]> {
  const consumer = new Consumer({
    clientId: 'cofferdam-demo',
    groupId: `cofferdam-demo-${process.pid}-${Math.trunc(performance.timeOrigin)}`,
    bootstrapBrokers: bootstrapServers,
    deserializers: stringDeserializers,
  });
  const events: Event[] = [];
  const tooLate = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const stream = await consumer.consume({ topics, mode: 'earliest', autocommit: false });
    tooLate.addEventListener('abort', () => void stream.close());
    for await (const { value } of stream) {
      events.push(Event.parse(JSON.parse(value)));
      if (isComplete(events, payments)) break;
    }
  } finally {
    await consumer.close(true);
  }
  if (!isComplete(events, payments)) {
    throw new CliError(
      'not_ready',
      `the events of the payments did not reach ${topics.join(' and ')} within 20 s`,
    );
  }
  return events.sort((a, b) => a.time.localeCompare(b.time));
}
