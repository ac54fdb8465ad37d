// npm run synth [-- --check]: renders environments/<env>/rendered and install/rendered.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { synth } from './synth.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

process.exitCode = synth({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  check: values.check,
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
});
