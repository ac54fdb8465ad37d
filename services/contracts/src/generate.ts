import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from './openapi/document.ts';
import { routerApi } from './openapi/router.ts';
import { vaultApi } from './openapi/vault.ts';

/**
 * Writes the OpenAPI documents that the services serve. With `--check` it writes nothing, and fails when a committed
 * one is not what the contracts say.
 */
const DOCUMENTS = { 'vault/openapi.json': vaultApi, 'router/openapi.json': routerApi };

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, api] of Object.entries(DOCUMENTS)) {
  const file = new URL(`../../${path}`, import.meta.url);
  const text = `${JSON.stringify(openApiDocument(api), null, 2)}\n`;
  if (!check) writeFileSync(file, text);
  else if (read(file) !== text) stale.push(`services/${path}`);
}
if (stale.length > 0) {
  process.stderr.write(`not up to date: ${stale.join(', ')}; run npm run generate\n`);
  process.exitCode = 1;
}

function read(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
