import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Suites that start processes: a database, a broker, an API server, or a whole cluster. */
const heavy = ['**/*.cluster.test.ts'];
/** Counts requests that are made together, which they are not on a machine that is busy with something else. */
const brokers = ['operator/test/effects/kafka-broker.cluster.test.ts'];
/** They start an API server and no pods, so they take no address of the machine. */
const podless = [
  'benchmarks/test/**/*.cluster.test.ts',
  'devcluster/test/{conformance,openapi}.cluster.test.ts',
];
/** They take minutes in all, and wait most of the time. */
const patience = { testTimeout: 120_000, hookTimeout: 180_000 };
const ignored = ['**/node_modules/**', '.cofferdam/**'];

export default defineConfig({
  test: {
    // Vitest leaves one core alone, which of two is half. The suites wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: 'structure', include: ['test/**/*.test.ts'], exclude: [...ignored, ...heavy] } },
      {
        test: {
          name: 'unit',
          include: [
            '{crds,operator,cdk8s,promotion,cli,devcluster,benchmarks}/test/**/*.test.ts',
            'services/*/test/**/*.test.ts',
          ],
          exclude: [...ignored, ...heavy],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: [
            '{operator,services/*}/test/**/*.cluster.test.ts',
            'test/**/*.cluster.test.ts',
            ...podless,
          ],
          exclude: [...ignored, ...brokers],
          ...patience,
        },
      },
      {
        test: {
          // A whole cluster has addresses of this machine to itself, and many processes: one file at a time.
          name: 'machine',
          include: ['{cli,devcluster}/test/**/*.cluster.test.ts', ...brokers],
          exclude: [...ignored, ...podless],
          fileParallelism: false,
          ...patience,
        },
      },
    ],
  },
});
