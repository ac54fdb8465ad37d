import type { MerchantKeyOutcome } from '../desired/merchant-keys.ts';
import { type Finding, stalled, unknown, wrong } from './check.ts';

/** Nothing that lasts: it is tried again by itself. */
const PASSING: ReadonlySet<string> = new Set(['KmsUnreachable', 'KmsThrottled']);

/**
 * Of all keys of merchants' own. What keeps one from being used concerns that merchant; the first that a person has to
 * see to decides.
 *
 * @param wanted how many the spec names
 * @param outcomes undefined while KMS has not been asked
 */
export function merchantKeysBound(
  wanted: number,
  outcomes: readonly MerchantKeyOutcome[] | undefined,
): Finding {
  const asked = (outcomes ?? []).filter(({ retiring }) => !retiring);
  if (asked.length < wanted) return unknown('Progressing', "the merchants' keys have not been looked at yet");
  const bad = asked.flatMap(({ merchant, problem }) =>
    problem === undefined ? [] : [{ merchant, problem }],
  );
  const first = bad.find(({ problem }) => !PASSING.has(problem.reason)) ?? bad[0];
  const leaving = (outcomes ?? []).length - asked.length;
  if (first === undefined) {
    const before =
      leaving === 0 ? '' : `; the grants on ${leaving} of before stay until nothing is wrapped under them`;
    return {
      status: 'True',
      reason: 'Succeeded',
      message: `${wanted} of merchants' own are usable and granted${before}`,
    };
  }
  const { merchant, problem } = first;
  const others =
    bad.length === 1 ? '' : `; so it is with ${bad.length - 1} more: see status.kms.merchantKeys`;
  const message = `merchant ${merchant}: ${problem.message}. All others go on${others}`;
  return (PASSING.has(problem.reason) ? wrong : stalled)(problem.reason, message);
}
