import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { OPERATOR_FLAGS } from '../../src/operator/operator-process.ts';

test('the operator that is measured is started as npm run operator starts it', () => {
  expect(packageJson.scripts.operator).toMatch(
    new RegExp(`/node ${OPERATOR_FLAGS.join(' ')} operator/src/main\\.ts$`),
  );
});
