import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/** Suites that start processes: a database, a broker, an API server, or a whole cluster. */
const heavy = ['**/*.cluster.test.ts'];
/**
 * One counts requests that are made together, which they are not on a machine that is busy with something else. The other
 * runs seven operators and their API server in one process, which takes a core: starved, they lose their leases, and start
 * again and again.
 */
const unshared = [
  'operator/test/effects/kafka-broker.cluster.test.ts',
  'operator/test/faults/crash-matrix.cluster.test.ts',
];
/** They take minutes in all, and wait most of the time. */
const patience = { testTimeout: 120_000, hookTimeout: 180_000 };
/** What is asked again and again: a second, which is the default, is short on a busy machine. */
const polling = { poll: { timeout: 20_000 } };
const ignored = ['**/node_modules/**', '.cofferdam/**'];

export default defineConfig({
  test: {
    // More than there are cores, because suites that start processes wait more than they compute.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    // Workers, and what they start, load the same packages again and again.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node', import.meta.url)) },
    projects: [
      {
        test: {
          name: 'structure',
          include: ['test/**/*.test.ts'],
          exclude: [...ignored, ...heavy],
          testTimeout: 60_000,
          expect: polling,
        },
      },
      {
        test: {
          name: 'unit',
          include: [
            '{crds,operator,cdk8s,promotion,cli,devcluster,benchmarks}/test/**/*.test.ts',
            'services/*/test/**/*.test.ts',
          ],
          exclude: [...ignored, ...heavy],
          // Two hundred files, most of which take less time than what they import: they share their processes.
          isolate: false,
          setupFiles: ['test/support/shared-process.ts'],
          testTimeout: 30_000,
          expect: polling,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: heavy,
          exclude: [...ignored, ...unshared],
          expect: polling,
          ...patience,
        },
      },
      {
        test: { name: 'alone', include: unshared, exclude: ignored, fileParallelism: false, ...patience },
      },
    ],
  },
});
