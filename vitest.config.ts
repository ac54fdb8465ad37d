import { defineConfig } from 'vitest/config';

/** Suites that start processes (database, broker, cluster) run one file at a time; the rest in parallel. */
const heavy = ['**/*.cluster.test.ts'];
const ignored = ['**/node_modules/**', '.cofferdam/**'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'structure', include: ['test/**/*.test.ts'], exclude: [...ignored, ...heavy] } },
      {
        test: {
          name: 'unit',
          include: [
            '{crds,operator,cdk8s,cli,devcluster,benchmarks}/test/**/*.test.ts',
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
          include: heavy,
          exclude: ignored,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
