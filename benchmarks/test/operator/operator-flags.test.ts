import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATOR_FLAGS } from '../../src/operator/operator-process.ts';

test('the operator that is measured is started as npm run operator starts it', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(scripts.operator).toMatch(new RegExp(`/node ${OPERATOR_FLAGS.join(' ')} operator/src/main\\.ts$`));
});
