/**
 * What goes wrong with an operator, and how it ends, to be run at any length: the suites beside this file run a
 * little of it, `npm run bench` as much as somebody asks for. None of it needs Vitest.
 */
export type { Cell } from './crash-matrix.ts';
export { matrixTable, TABLE_FILE } from './matrix-table.ts';
export { runCrashMatrix } from './run-crash-matrix.ts';
export { runSchedules, type ScheduleOutcome } from './run-schedules.ts';
export { runWalks } from './run-walks.ts';
export { runSoak, type Sample, type Soaked, thirds } from './soak.ts';
export type { Walk } from './specification-walk.ts';
