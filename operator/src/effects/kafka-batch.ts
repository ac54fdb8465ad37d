type Answer<A> = { ok: A } | { failed: unknown };

/**
 * Answers questions that belong together in one go: those that come within `gatherMs` of the first, and while a round
 * with them is under way all that come meanwhile. Rounds that belong together never overlap.
 */
export function batched<Q, A>(options: {
  gatherMs: number;
  together: (a: Q, b: Q) => boolean;
  /** One answer a question, in the same order. */
  run: (questions: readonly Q[]) => Promise<readonly Answer<A>[]>;
}): (question: Q) => Promise<A> {
  type Waiting = { question: Q; resolve: (answer: A) => void; reject: (error: unknown) => void };
  type Group = { first: Q; waiting: Waiting[] };
  const groups = new Set<Group>();

  async function work(group: Group): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, options.gatherMs));
    while (group.waiting.length > 0) {
      const round = group.waiting.splice(0);
      try {
        const answers = await options.run(round.map(({ question }) => question));
        for (const [at, { resolve, reject }] of round.entries()) {
          const answer = answers[at];
          if (answer === undefined) reject(new Error('a question of a round was not answered'));
          else if ('ok' in answer) resolve(answer.ok);
          else reject(answer.failed);
        }
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    groups.delete(group);
  }

  return (question) =>
    new Promise((resolve, reject) => {
      const known = [...groups].find(({ first }) => options.together(first, question));
      const group: Group = known ?? { first: question, waiting: [] };
      group.waiting.push({ question, resolve, reject });
      if (known !== undefined) return;
      groups.add(group);
      void work(group);
    });
}
