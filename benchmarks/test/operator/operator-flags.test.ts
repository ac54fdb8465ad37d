import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATOR_ALLOCATOR, OPERATOR_FLAGS } from '../../src/operator/operator-process.ts';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const allocator = Object.entries(OPERATOR_ALLOCATOR).map(([name, value]) => `${name}=${value}`);

test('the operator that is measured is started as npm run operator starts it', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const flags = OPERATOR_FLAGS.join(' ');
  expect(scripts.operator).toContain(
    ` ${allocator.join(' ')} exec node_modules/.bin/node ${flags} operator/src/main.ts`,
  );
});

test('and as its image does', () => {
  const [, stage = ''] = read('Dockerfile').split('FROM base AS operator\n');
  const [image = ''] = stage.split('\nFROM ');
  expect(image).toContain(`ENV ${allocator.join(' \\\n    ')}\n`);
  const flags = OPERATOR_FLAGS.map((flag) => `"${flag}"`).join(', ');
  expect(image).toContain(`ENTRYPOINT ["/app/node", ${flags}, "operator/src/main.ts"]`);
});
