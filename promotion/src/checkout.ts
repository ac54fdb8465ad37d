import { short } from './domain/gates.ts';
import { PromotionError } from './errors.ts';
import type { Repository } from './ports/repository.ts';
import type { Branches } from './ports/source-host.ts';

/**
 * The revision that everything is computed from. What is checked out renders, so it has to be exactly what the base
 * branch holds.
 * @throws {PromotionError} `tree_dirty`, `checkout_stale`, `repository_forbidden`
 */
export async function checkedOut(repository: Repository, host: Branches, base: string): Promise<string> {
  const changed = await repository.changedPaths();
  if (changed.length > 0) {
    const shown = changed.slice(0, 5).join(', ');
    throw new PromotionError(
      'tree_dirty',
      `the work tree is not clean (${shown}${changed.length > 5 ? `, and ${changed.length - 5} more` : ''}): commit or \`git stash -u\`, and run it again`,
    );
  }
  const [head, there] = await Promise.all([repository.head(), host.head(base)]);
  if (there === undefined) {
    throw new PromotionError(
      'repository_forbidden',
      `the host shows no branch ${base}: check repository in environments/promotion.yaml, and that the token may read it`,
    );
  }
  if (there.revision === head) return head;
  throw new PromotionError(
    'checkout_stale',
    `${short(head)} is checked out, and ${base} is at ${short(there.revision)}: \`git fetch && git checkout origin/${base}\`, and run it again`,
  );
}

/** Whether what is checked out is the head of the base branch, and not what somebody has tried elsewhere. */
export async function isAtHead(repository: Repository, host: Branches, base: string): Promise<boolean> {
  const [here, there] = await Promise.all([repository.head(), host.head(base)]);
  return there?.revision === here;
}

/**
 * @param done what people see of this run by now
 * @throws {PromotionError} `target_moved`
 */
export async function checkUnmoved(
  host: Branches,
  { base, revision }: { readonly base: string; readonly revision: string },
  done = 'nothing was written',
): Promise<void> {
  const there = await host.head(base);
  if (there?.revision === revision) return;
  throw new PromotionError(
    'target_moved',
    `${base} moved from ${short(revision)} to ${there === undefined ? 'nothing' : short(there.revision)} meanwhile, and ${done}: \`git fetch && git checkout origin/${base}\`, and run it again`,
  );
}
