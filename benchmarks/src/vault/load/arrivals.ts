import type { Answer, Connection } from './connection.ts';
import type { Request } from './requests.ts';

/** Latencies in milliseconds, and what went wrong. */
export type Samples = { latenciesMs: number[]; errors: number; firstError: string | null; seconds: number };

const newSamples = (): Samples => ({ latenciesMs: [], errors: 0, firstError: null, seconds: 0 });

/** Each connection sends its next request when it has the answer to the last. */
export async function closedLoop(
  connections: readonly Connection[],
  seconds: number,
  next: () => Request,
): Promise<Samples> {
  const samples = newSamples();
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const caller = async (connection: Connection): Promise<void> => {
    for (let now = performance.now(); now < endsAt; ) {
      await exchange(connection, next(), now, samples);
      now = performance.now();
    }
  };
  await Promise.all(connections.map(caller));
  samples.seconds = (performance.now() - startedAt) / 1000;
  return samples;
}

/**
 * Requests become due at random (a Poisson process), however long those before them take. One that finds no free
 * connection waits for one, and its latency counts from when it was due: what a slow server makes its callers wait is
 * not left out.
 */
export async function openLoop(
  connections: readonly Connection[],
  { seconds, ratePerSecond }: { seconds: number; ratePerSecond: number },
  next: () => Request,
): Promise<Samples> {
  const samples = newSamples();
  const free = [...connections];
  const due: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const done = Promise.withResolvers<void>();
  let underWay = 0;
  let nextAt = startedAt;

  const send = (): void => {
    for (let first = 0; ; first++) {
      const dueAt = due[first];
      const connection = dueAt === undefined ? undefined : free.pop();
      if (dueAt === undefined || connection === undefined) {
        due.splice(0, first);
        return;
      }
      underWay++;
      void exchange(connection, next(), dueAt, samples).then(() => {
        underWay--;
        free.push(connection);
        if (due.length > 0) send();
        else if (underWay === 0 && nextAt >= endsAt) done.resolve();
      });
    }
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (; nextAt <= now && nextAt < endsAt; nextAt += (-Math.log(1 - Math.random()) * 1000) / ratePerSecond)
      due.push(nextAt);
    send();
    if (nextAt >= endsAt && underWay === 0 && due.length === 0) done.resolve();
  }, 1);
  await done.promise;
  clearInterval(timer);
  samples.seconds = seconds;
  return samples;
}

async function exchange(
  connection: Connection,
  request: Request,
  since: number,
  samples: Samples,
): Promise<void> {
  try {
    const answer: Answer = await connection.send(request.text);
    if (request.isGood(answer)) samples.latenciesMs.push(performance.now() - since);
    else fail(samples, `${answer.status} ${answer.body.slice(0, 300)}`);
  } catch (error) {
    fail(samples, (error as Error).message);
    // A connection that has ended fails at once: not thousands of times.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function fail(samples: Samples, what: string): void {
  samples.errors++;
  samples.firstError ??= what;
}
