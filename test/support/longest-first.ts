import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Half a minute each and more. What starts whole clusters is not begun at once: each needs all cores for its start. */
const LONG = [
  'cli/test/demo.cluster.test.ts',
  'operator/test/faults/sigkill.cluster.test.ts',
  'operator/test/faults/soak.cluster.test.ts',
  'cli/test/demo-promotion.cluster.test.ts',
  'benchmarks/test/durability/durability.cluster.test.ts',
  'services/vault/test/start.cluster.test.ts',
  'services/router/test/payments.cluster.test.ts',
  'operator/test/faults/schedules.cluster.test.ts',
  'devcluster/test/conformance.cluster.test.ts',
];

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Begins with what takes longest, which begun last would run on alone. Vitest knows this from its cache, and only in a
 * clone where all tests have run; and it does not look beyond a project.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.indexOf(relative(root, moduleId));
  return found < 0 ? LONG.length : found;
}
