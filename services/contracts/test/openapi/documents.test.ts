import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/openapi/document.ts';
import { openApiDocument } from '../../src/openapi/document.ts';
import { routerApi } from '../../src/openapi/router.ts';
import { vaultApi } from '../../src/openapi/vault.ts';

const apis = [
  ['vault', vaultApi],
  ['router', routerApi],
] as const;

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === '$ref' ? [String(member)] : references(member),
  );
}

describe.each(apis)('the OpenAPI document of the %s', (service, api) => {
  const document = openApiDocument(api) as Record<string, Json>;

  it('is the committed one', () => {
    const committed = readFileSync(new URL(`../../../${service}/openapi.json`, import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(document);
  });

  it('refers only to schemas that it has', () => {
    const schemas = Object.keys((document['components'] as { schemas: object }).schemas);
    for (const reference of references(document)) {
      expect(schemas).toContain(reference.replace('#/components/schemas/', ''));
    }
  });

  it('has an example of every body and answer that fits its schema', () => {
    for (const { body, answers } of api.operations) {
      for (const { schema, example } of body === undefined ? answers : [...answers, body]) {
        if (schema !== undefined && example !== undefined) {
          expect(api.schemas[schema]?.safeParse(example).error).toBeUndefined();
        }
      }
    }
  });

  it('names each operation once', () => {
    const ids = api.operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('generate.ts --check', () => {
  it('passes on what is committed', () => {
    const script = fileURLToPath(new URL('../../src/generate.ts', import.meta.url));
    expect(() => execFileSync(process.execPath, [script, '--check'])).not.toThrow();
  });
});
