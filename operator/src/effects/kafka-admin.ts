import { isDeepStrictEqual } from 'node:util';
import { type KafkaAccess, kafkaClientOptions } from '@cofferdam/runtime';
import { type CallResult, CircuitOpenError } from '@cofferdam/runtime/process';
import { Admin } from '@platformatic/kafka';
import type { AdminTopicsPlan, TopicsOutcome } from '../desired/topics.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { type ExternalCalls, observed } from '../metrics.ts';
import type { TopicManagement } from './kafka.ts';
import { resolveAccess } from './kafka-access.ts';
import { ensureWriters } from './kafka-acls.ts';
import { batched } from './kafka-batch.ts';
import { kafkaBreakers } from './kafka-breakers.ts';
import { KafkaRefusal, kafkaFailure, kafkaProblem } from './kafka-problem.ts';
import type { KafkaSources } from './kafka-sources.ts';
import { type Broker, type Call, convergeTopics, lookAtTopics, type TopicsSeen } from './kafka-topics.ts';

export type KafkaAdminOptions = {
  /** Credentials and certificates. Default: there are none. */
  sources?: KafkaSources;
  observe?: ExternalCalls;
  /** How long a round with one set of brokers may take, milliseconds. Default 8000. */
  limitMs?: number;
  /** How long a round waits for other vaults with the same brokers, milliseconds. Default 20. */
  gatherMs?: number;
  clock?: Pick<Clock, 'monotonicMs'>;
};

type Asked = { plan: AdminTopicsPlan; access: KafkaAccess; guard: () => void };
const NO_SOURCES: KafkaSources = { adminSecret: async () => undefined, configMap: async () => undefined };

/**
 * Through the brokers' Admin API. Vaults that share brokers and credentials share a round: one connection, and one
 * look at all their topics. The connection ends with the round, for there are minutes between two. Brokers that do not
 * answer are left alone for a while: each vault of theirs would keep a worker for as long as a round may take.
 */
export function kafkaTopicManagement(options: KafkaAdminOptions = {}): TopicManagement {
  const { limitMs = 8_000, gatherMs = 20, sources = NO_SOURCES } = options;
  const { observe = () => {}, clock = systemClock } = options;
  const breakerOf = kafkaBreakers({ clock, random: Math.random });
  const call: Call = (operation, send) => observed(observe, { system: 'kafka', operation }, send);
  const ask = batched<Asked, TopicsOutcome>({
    gatherMs,
    together: (a, b) => isDeepStrictEqual(a.access, b.access),
    run: async (asked) => {
      const [first] = asked;
      if (first === undefined) return [];
      try {
        return await breakerOf(first.access).run(
          () =>
            within(limitMs, (late) =>
              withAdmin(first.access, (admin) => round({ admin, call }, asked, late)),
            ),
          (error) => judge(error, first.plan),
        );
      } catch (error) {
        const cause = error instanceof CircuitOpenError ? (error.cause ?? error) : error;
        return asked.map(({ plan }) => ({ ok: { topics: [], problem: kafkaProblem(cause, plan) } }));
      }
    },
  });
  return {
    async ensure(plan, guard = () => {}) {
      let access: KafkaAccess;
      try {
        access = await resolveAccess(plan, sources);
      } catch (error) {
        if (!(error instanceof KafkaRefusal)) throw error;
        return { topics: [], problem: kafkaProblem(error, plan) };
      }
      return ask({ plan, access, guard });
    },
  };
}

function judge(error: unknown, plan: AdminTopicsPlan): CallResult {
  return kafkaProblem(error, plan).reason === 'BrokerUnreachable' ? 'failed' : 'answered';
}

/** Gives the work a promise that fails when time is up, to race what it waits for against. */
async function within<T>(limitMs: number, work: (late: Promise<never>) => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {}); // nobody may be waiting for it just then
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await work(late.promise);
  } finally {
    clearTimeout(timer);
  }
}

type Answer = { ok: TopicsOutcome } | { failed: unknown };

/** One look for all; then each for itself, so that what is wrong with one vault's topics is no other's. */
async function round(broker: Broker, asked: readonly Asked[], late: Promise<never>): Promise<Answer[]> {
  const inTime = <T>(work: Promise<T>) => Promise.race([work, late]);
  const all = asked.flatMap(({ plan }) => plan.topics);
  const shared = await inTime(lookAtTopics(broker, all)).catch((error) => {
    // The brokers answered, and refused: perhaps a single topic. A broker that does not answer is not asked again.
    if (asked.length > 1 && kafkaFailure(error).protocol.size > 0) return undefined;
    throw error;
  });
  const answers: Answer[] = [];
  for (const { plan, guard } of asked) {
    let refusal: unknown;
    const guarded = () => {
      try {
        guard();
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      answers.push({ ok: await inTime(one(broker, plan, { seen: shared, guard: guarded })) });
    } catch (error) {
      if (refusal !== undefined) answers.push({ failed: refusal });
      else answers.push({ ok: { topics: [], problem: kafkaProblem(error, plan) } });
    }
  }
  return answers;
}

async function one(
  broker: Broker,
  plan: AdminTopicsPlan,
  context: { seen: TopicsSeen | undefined; guard: () => void },
): Promise<TopicsOutcome> {
  const { guard } = context;
  const seen = context.seen ?? (await lookAtTopics(broker, plan.topics));
  const outcome = await convergeTopics(broker, plan, { seen, guard });
  await ensureWriters(broker, plan.writers, guard);
  return outcome;
}

async function withAdmin<T>(access: KafkaAccess, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({
    clientId: 'cofferdam-operator',
    ...kafkaClientOptions(access),
    connectTimeout: 2_000,
    requestTimeout: 4_000,
    timeout: 4_000,
    retries: 1,
    retryDelay: 200,
  });
  try {
    return await work(admin);
  } finally {
    void Promise.resolve(admin.close()).catch(() => {});
  }
}
