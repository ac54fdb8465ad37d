/**
 * The KMS endpoint as a process of its own: `node main.ts <configuration file>` (JSON, see KmsConfig).
 * Logs JSON lines to standard output; SIGTERM ends it.
 */
import { readFileSync } from 'node:fs';
import pino from 'pino';
import { z } from 'zod';
import { KmsConfig } from './options.ts';
import { startKms } from './server.ts';

const [, , configFile] = process.argv;
if (configFile === undefined) fail('name a configuration file');
const config = KmsConfig.safeParse(readConfiguration(configFile));
if (!config.success) fail(`${configFile}: ${z.prettifyError(config.error)}`);

const logger = pino({ base: { component: 'kms' }, timestamp: pino.stdTimeFunctions.isoTime });
const { serviceAccountIssuer, ...rest } = config.data;
const server = await startKms({
  ...rest,
  ...(serviceAccountIssuer !== undefined && { serviceAccountIssuer }),
  log: (entry) => logger.info(entry, 'call'),
}).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
logger.info({ url: server.url }, 'listening');

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    void server.stop().then(() => process.exit(0));
  });

function readConfiguration(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return fail(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fail(message: string): never {
  process.stderr.write(`kms: ${message}\n`);
  process.exit(1);
}
