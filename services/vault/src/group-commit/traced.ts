import type { OpenSpan, Tracing } from '@cofferdam/runtime';
import type { GroupWork, Outcome } from './gatherer.ts';

type Submit<L> = <T, R>(work: GroupWork<T, R, L>, item: T) => Promise<R>;
/** An item, and what its request waits in. */
type Traced<T> = { item: T; waits: OpenSpan };

/**
 * Submits so that traces show both sides: in a request's own trace a span for as long as it waits, and for each batch a
 * trace of its own with links to the spans of all that it carries. (None of them caused it more than the others.)
 */
export function tracedSubmit<L>(submit: Submit<L>, tracing: Tracing): Submit<L> {
  const known = new WeakMap<object, unknown>();
  // The same work has to stay the same: by that the gatherer knows what may go together.
  const traced = <T, R>(work: GroupWork<T, R, L>): GroupWork<Traced<T>, R, L> => {
    const existing = known.get(work) as GroupWork<Traced<T>, R, L> | undefined;
    if (existing !== undefined) return existing;
    const made: GroupWork<Traced<T>, R, L> = {
      name: work.name,
      keysOf: ({ item }) => work.keysOf(item),
      afterFailure: work.afterFailure,
      run: (items, lane) => {
        const options = {
          root: true,
          links: items.map(({ waits }) => ({ context: waits.span.spanContext() })),
          attributes: { 'cofferdam.commit.work': work.name, 'cofferdam.commit.batch.size': items.length },
        };
        return tracing.inSpan(`commit batch ${work.name}`, options, async () => {
          const outcomes = await work.run(
            items.map(({ item }) => item),
            lane,
          );
          return outcomes.map((outcome, i) => inOwnTrace(outcome, items[i]?.waits));
        });
      },
    };
    known.set(work, made);
    return made;
  };
  /** What an item is put off for is done for its request, and not for whichever one a batch began with. */
  const inOwnTrace = <R>(outcome: Outcome<R>, waits: OpenSpan | undefined): Outcome<R> => {
    if (!('again' in outcome) || waits === undefined) return outcome;
    return { again: () => tracing.run(waits.context, outcome.again) };
  };
  return (work, item) =>
    tracing.inSpan(`commit ${work.name}`, {}, (waits) => submit(traced(work), { item, waits }));
}
