// npm run generate [-- --check]: writes what charts/cofferdam-operator takes from the schemas and the cdk8s charts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseYaml } from '../config/parse-yaml.ts';
import { Release } from '../config/release.ts';
import { chartFiles, withReleasedImages } from './chart-files.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const directory = `${root}charts/cofferdam-operator`;
const check = process.argv.includes('--check');

const pins = 'install/release.yaml';
const release = parseYaml(pins, readFileSync(`${root}${pins}`, 'utf8'), Release);
const values = withReleasedImages(readFileSync(`${directory}/values.yaml`, 'utf8'), release);

for (const [name, content] of [...chartFiles(), ['values.yaml', values] as const]) {
  const path = `${directory}/${name}`;
  if (readIfThere(path) === content) continue;
  if (check) {
    process.stderr.write(
      `charts/cofferdam-operator/${name}: differs from its source; run \`npm run generate\`\n`,
    );
    process.exitCode = 1;
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  process.stdout.write(`wrote charts/cofferdam-operator/${name}\n`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
