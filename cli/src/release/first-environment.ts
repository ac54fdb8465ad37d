import type { PromotionConfig } from '@cofferdam/promotion';
import { CliError } from '../errors.ts';

/**
 * Where a release comes in: the environment that others are promoted from, and that none is promoted to.
 * @throws {CliError} `usage_invalid` where there are several
 */
export function firstEnvironment({ steps }: Pick<PromotionConfig, 'steps'>): string {
  const sources = [...new Set(steps.map(({ from }) => from))];
  const [first, ...others] = sources.filter((name) => !steps.some(({ to }) => to === name));
  if (first !== undefined && others.length === 0) return first;
  const found = first === undefined ? 'goes in a circle' : `begins with ${[first, ...others].join(', ')}`;
  throw new CliError('usage_invalid', `environments/promotion.yaml ${found}: give --to <environment>`);
}
