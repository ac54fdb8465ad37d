import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { Operator } from './operator.ts';

const json = (value: unknown) => ({ type: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` });

/** What somebody wants to know of an operator that behaves oddly, and that no metric tells. Names only, no content. */
export function debugPages(operator: Pick<Operator, 'caches' | 'controller' | 'elector' | 'unseenWrites'>) {
  return {
    /** What is worked on, what waits and why, what comes later. */
    '/debug/queue': () =>
      json({
        leading: operator.elector.isLeading(),
        unseenWrites: operator.unseenWrites(),
        ...operator.controller()?.queue.snapshot(),
      }),
    /** Each kind: how many objects, how far its watches are. */
    '/debug/caches': () => json(operator.caches.snapshot()),
    /** Memory, handles and the event loop. */
    '/debug/process': () => json(processState()),
  };
}

function processState() {
  const handles: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  const { idle, active, utilization } = performance.eventLoopUtilization();
  return {
    uptimeSeconds: Math.round(process.uptime()),
    memoryBytes: process.memoryUsage(),
    heap: getHeapStatistics(),
    heapSpaces: getHeapSpaceStatistics(),
    handles,
    cpuMicroseconds: process.cpuUsage(),
    eventLoop: { idleMs: Math.round(idle), activeMs: Math.round(active), utilization },
  };
}
