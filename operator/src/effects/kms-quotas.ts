import type { Rate } from './call-budget.ts';

/**
 * Requests a second that AWS allows an account in a region before it throttles: "Request quotas" of the AWS KMS
 * Developer Guide (requests-per-second.html), defaults of November 2026. Every client in the account shares them.
 */
const REQUESTS_PER_SECOND: Readonly<Record<string, number>> = {
  CreateAlias: 5,
  CreateGrant: 50,
  CreateKey: 5,
  DeleteAlias: 15,
  DescribeKey: 2000,
  EnableKeyRotation: 15,
  GetKeyRotationStatus: 1000,
  ListGrants: 100,
  ListKeys: 500,
  ListResourceTags: 2000,
  RevokeGrant: 30,
  ScheduleKeyDeletion: 15,
  TagResource: 10,
};

/** For an operation that the table lacks: the lowest there is. */
const LOWEST = 5;

/**
 * Our share of the quota, in percent: the rest is for whoever else is in the account. Nothing that an operator does
 * is worth more than a hundred calls a second.
 */
export function kmsRate(operation: string, percent: number): Rate {
  const quota = REQUESTS_PER_SECOND[operation] ?? LOWEST;
  const perSecond = Math.min(100, (quota * percent) / 100);
  return { perSecond, burst: Math.max(1, perSecond) };
}
