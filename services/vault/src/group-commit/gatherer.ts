/**
 * Gathers what is asked for at the same time, so that it is carried out together: what comes while all lanes are busy
 * waits, and goes with the next batch. Nobody waits for a batch to fill.
 *
 * It knows nothing of what the work is.
 */
export interface Gatherer<L> {
  /**
   * Answers what the work made of the item.
   *
   * @throws what the work threw or answered for it; {@link GathererOptions.refuse}'s error when too many wait, or when
   *   its turn did not come in time
   */
  submit<T, R>(work: GroupWork<T, R, L>, item: T): Promise<R>;
  /** Resolves when nothing waits and nothing is under way. What is submitted later is carried out all the same. */
  drain(): Promise<void>;
  /** How many wait for a lane. */
  readonly waiting: number;
}

/** One kind of work. A batch is of one kind. */
export interface GroupWork<T, R, L> {
  readonly name: string;
  /**
   * What the item is about. Of two items with a key in common the later one is carried out in the same batch, after
   * the earlier one, or in a later batch: never in another lane at the same time.
   */
  keysOf(item: T): readonly string[];
  /** Answers an outcome for each item, in their order. What it throws concerns all of them. */
  run(items: readonly T[], lane: L): Promise<readonly Outcome<R>[]>;
  /** What follows when `run` has thrown: of the first try 1, then 2. */
  afterFailure(error: unknown, attempt: number): Recovery;
}

export type Outcome<R> =
  | { value: R }
  | { error: unknown }
  /**
   * Not now: in a later batch, once that has resolved. The item fails as it does. It is begun when the batch is over: a
   * failure while the others are still being written would be nobody's, and end the process.
   */
  | { again: () => Promise<unknown> };

export type Recovery =
  /** The same items again, after a pause in milliseconds. */
  | { again: number }
  /** One half and then the other, so that an item that cannot be carried out fails alone. */
  | 'apart'
  | 'fail';

export interface GathererOptions<L> {
  /** As many batches as these are under way at a time. */
  lanes: readonly L[];
  maxBatch: number;
  /** So many may wait for a lane, and so many for what they have been put off for; more are refused at once. */
  maxWaiting: number;
  /** Longest time until an item is taken up, milliseconds. */
  maxWaitMs: number;
  refuse(why: 'full' | 'late'): Error;
  /** What an item is told that `run` has failed for, with no more tries. Default: what it threw. */
  failure?(error: unknown): unknown;
  /**
   * While a batch is under way, another is begun only when so many wait, or one of them has waited for so long: each
   * batch costs what ten items do. Nobody waits where nothing is under way. Default: at once.
   */
  besides?: { enough: number; patienceMs: number };
  /** Told of each batch that is taken up. */
  onBatch?(work: string, size: number): void;
  now?(): number;
}

interface Waiting<L> {
  work: GroupWork<unknown, unknown, L>;
  item: unknown;
  keys: readonly string[];
  since: number;
  until: number;
  turns: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** An item that is put off so often is in a circle. */
const MOST_TURNS = 20;

export function createGatherer<L>(options: GathererOptions<L>): Gatherer<L> {
  const { maxBatch, maxWaiting, maxWaitMs, refuse, now = () => performance.now() } = options;
  const { failure = (error) => error, besides = { enough: 1, patienceMs: 0 } } = options;
  const idle = [...options.lanes];
  /** Of what is under way. */
  const busy = new Set<string>();
  let queue: Waiting<L>[] = [];
  let unsettled = 0;
  /** Neither in the queue nor under way: they wait for something else. */
  let putOff = 0;
  let planned = false;
  let watch: NodeJS.Timeout | undefined;
  let isTimed = false;
  let drained: (() => void)[] = [];

  function enqueue(item: Waiting<L>): void {
    queue.push(item);
    plan();
    watch ??= setInterval(dropLate, maxWaitMs / 4).unref();
  }

  /** After this turn of the event loop: whatever it reads from sockets goes together. */
  function plan(): void {
    if (planned || idle.length === 0) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      takeUp();
    });
  }

  function takeUp(): void {
    for (let lane = idle.pop(); lane !== undefined; lane = idle.pop()) {
      if (isWorthWaiting()) {
        idle.push(lane);
        return;
      }
      const { batch, rest } = chooseBatch(queue, busy, maxBatch);
      const [first] = batch;
      if (first === undefined) {
        idle.push(lane);
        return;
      }
      queue = rest;
      for (const { keys } of batch) for (const key of keys) busy.add(key);
      options.onBatch?.(first.work.name, batch.length);
      void carryOut(batch, lane).then(() => {
        for (const { keys } of batch) for (const key of keys) busy.delete(key);
        idle.push(lane);
        plan();
      });
    }
  }

  function isWorthWaiting(): boolean {
    const [first] = queue;
    const isAlone = idle.length === options.lanes.length - 1;
    if (isAlone || first === undefined || queue.length >= besides.enough) return false;
    const left = first.since + besides.patienceMs - now();
    if (left <= 0) return false;
    if (!isTimed) {
      setTimeout(() => {
        isTimed = false;
        plan();
      }, left);
    }
    isTimed = true;
    return true;
  }

  async function carryOut(batch: readonly Waiting<L>[], lane: L): Promise<void> {
    const [first] = batch;
    for (let attempt = 1, items = batch; first !== undefined && items.length > 0; attempt++) {
      try {
        const outcomes = await first.work.run(
          items.map(({ item }) => item),
          lane,
        );
        items.forEach((item, i) => void settle(item, outcomes[i]));
        return;
      } catch (error) {
        const next = first.work.afterFailure(error, attempt);
        if (next === 'fail' || (next === 'apart' && items.length === 1)) {
          for (const item of items) item.reject(failure(error));
          return;
        }
        items = rejectLate(items, error);
        if (next === 'apart') {
          const half = Math.ceil(items.length / 2);
          await carryOut(items.slice(0, half), lane);
          return carryOut(rejectLate(items.slice(half), error), lane);
        }
        if (next.again > 0) await sleep(next.again);
      }
    }
  }

  /** Whoever has waited too long learns what went wrong, instead of waiting for another try. */
  function rejectLate(items: readonly Waiting<L>[], error: unknown): Waiting<L>[] {
    const [late, inTime] = split(items, ({ until }) => until < now());
    for (const item of late) item.reject(failure(error));
    return inTime;
  }

  async function settle(item: Waiting<L>, outcome: Outcome<unknown> | undefined): Promise<void> {
    if (outcome === undefined) return item.reject(new Error(`${item.work.name} gave no outcome`));
    if ('value' in outcome) return item.resolve(outcome.value);
    if ('error' in outcome) return item.reject(outcome.error);
    putOff++;
    try {
      await outcome.again();
    } catch (error) {
      return item.reject(error);
    } finally {
      putOff--;
    }
    if (++item.turns === MOST_TURNS) return item.reject(new Error(`${item.work.name} was put off for ever`));
    queue.unshift(item); // it was here before those that wait
    plan();
  }

  function dropLate(): void {
    const [late, inTime] = split(queue, ({ until }) => until < now());
    queue = inTime;
    for (const item of late) item.reject(refuse('late'));
    if (queue.length > 0) return;
    clearInterval(watch);
    watch = undefined;
  }

  return {
    get waiting() {
      return queue.length;
    },
    submit: (work, item) =>
      new Promise<never>((resolve, reject) => {
        unsettled++;
        if (queue.length >= maxWaiting || putOff >= maxWaiting) return reject(refuse('full'));
        enqueue({
          work: work as GroupWork<unknown, unknown, L>,
          item,
          keys: work.keysOf(item),
          since: now(),
          until: now() + maxWaitMs,
          turns: 0,
          resolve: resolve as (value: unknown) => void,
          reject,
        });
      }).finally(() => {
        unsettled--;
        if (unsettled > 0) return;
        for (const resolve of drained) resolve();
        drained = [];
      }),
    drain: () =>
      unsettled === 0 ? Promise.resolve() : new Promise<void>((resolve) => void drained.push(resolve)),
  };
}

/**
 * The first that may go, and all that may go with it, in their order. Who has a key in common with what is under way,
 * or with somebody before him who has to wait, waits.
 */
function chooseBatch<L>(queue: readonly Waiting<L>[], busy: ReadonlySet<string>, maxBatch: number) {
  const batch: Waiting<L>[] = [];
  const rest: Waiting<L>[] = [];
  const waitedFor = new Set<string>();
  for (const [i, item] of queue.entries()) {
    if (batch.length === maxBatch) {
      rest.push(...queue.slice(i));
      break;
    }
    const mayGo =
      (batch[0]?.work ?? item.work) === item.work &&
      item.keys.every((key) => !busy.has(key) && !waitedFor.has(key));
    if (mayGo) batch.push(item);
    else {
      rest.push(item);
      for (const key of item.keys) waitedFor.add(key);
    }
  }
  return { batch, rest };
}

function split<T>(items: readonly T[], holds: (item: T) => boolean): [T[], T[]] {
  const of = Map.groupBy(items, holds);
  return [of.get(true) ?? [], of.get(false) ?? []];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
