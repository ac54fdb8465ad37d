export type Condition = {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  lastProbeTime?: string;
};

/** Times in Kubernetes' objects are to the second. */
export const timestamp = (now: Date): string => `${now.toISOString().slice(0, 19)}Z`;

/** MicroTime, which Leases and the newer Events want: six digits, or a real API server refuses it. */
export const microTime = (now: Date): string => `${now.toISOString().slice(0, 23)}000Z`;

/** Replaces the condition of the same type; the transition time moves only when the status does. */
export function withCondition<T extends Condition>(
  conditions: readonly T[] | undefined,
  next: T,
  now: Date,
): T[] {
  const before = conditions ?? [];
  const current = before.find((condition) => condition.type === next.type);
  const time =
    current !== undefined && current.status === next.status ? current.lastTransitionTime : timestamp(now);
  const stamped: T = time === undefined ? next : { ...next, lastTransitionTime: time };
  return current === undefined
    ? [...before, stamped]
    : before.map((condition) => (condition.type === next.type ? stamped : condition));
}
