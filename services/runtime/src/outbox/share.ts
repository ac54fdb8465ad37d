/**
 * How many of the shards are a member's. All members together have all of them, and no two differ by more than one.
 *
 * @param members everybody who is alive, in the same order for everybody
 */
export function quota(members: readonly string[], member: string, shards: number): number {
  const place = members.indexOf(member);
  if (place < 0) return 0;
  const rest = shards % members.length;
  return Math.floor(shards / members.length) + (place < rest ? 1 : 0);
}
