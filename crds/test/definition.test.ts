import { readFileSync } from 'node:fs';
import { type Schema, validateSchemaDefinition } from '@cofferdam/devcluster/apimachinery';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CustomResourceDefinition, customResourceDefinitions, NOT_YET_ACTED_ON } from '../src/index.ts';
import type { StructuralSchema } from '../src/structural.ts';
import { structuralProblems } from './structural-problems.ts';

const definitions = customResourceDefinitions().map(
  (definition) => [definition.spec.names.kind, definition] as const,
);

function rootOf(definition: CustomResourceDefinition): StructuralSchema {
  return definition.spec.versions[0].schema.openAPIV3Schema;
}

function at(schema: StructuralSchema, path: string): StructuralSchema | undefined {
  return path
    .split('.')
    .reduce<StructuralSchema | undefined>((found, name) => found?.properties?.[name], schema);
}

describe.each(definitions)('the definition of %s', (kind, definition) => {
  const root = rootOf(definition);

  test('has a structural schema with a limit on everything', () => {
    const { metadata, apiVersion, kind: _, ...ours } = root.properties ?? {};
    expect(metadata).toEqual({ type: 'object' });
    expect(apiVersion?.type).toBe('string');
    expect(structuralProblems({ ...root, properties: ours })).toEqual([]);
  });

  test('is a schema that an API server takes, with CEL rules that compile', () => {
    expect(validateSchemaDefinition(root as Schema, 'schema')).toEqual([]);
  });

  test('has no defaults, which a GitOps tool would show as a difference for ever', () => {
    expect(JSON.stringify(root)).not.toContain('"default"');
  });

  test('describes every member of the spec that has a range, and what holds in its absence', () => {
    const undescribed = leaves(root.properties?.spec ?? {}, 'spec').filter(
      ([path, schema]) =>
        !path.endsWith('[]') &&
        (schema.type === 'integer' || schema.type === 'boolean') &&
        schema.description === undefined,
    );
    expect(undescribed.map(([path]) => path)).toEqual([]);
  });

  test('has a status subresource, whose rules cannot lock it', () => {
    expect(definition.spec.versions[0].subresources).toEqual({ status: {} });
    expect(JSON.stringify(root.properties?.status)).not.toContain('x-kubernetes-validations');
  });

  test('shows conditions as columns and belongs to the category payments', () => {
    const columns = definition.spec.versions[0].additionalPrinterColumns.map(({ name }) => name);
    expect(columns).toEqual(expect.arrayContaining(['Ready', 'Available', 'Reason', 'Age', 'Message']));
    expect(definition.spec.names.categories).toEqual(['payments']);
  });

  test('keeps conditions as a map by type', () => {
    const conditions = at(root, 'status.conditions');
    expect(conditions?.['x-kubernetes-list-type']).toBe('map');
    expect(conditions?.['x-kubernetes-list-map-keys']).toEqual(['type']);
  });

  test('has every member that is named as not yet acted on', () => {
    const paths = kind === 'PaymentVault' ? NOT_YET_ACTED_ON.PaymentVault : NOT_YET_ACTED_ON.PSPConnector;
    expect(paths.filter((path) => at(root, path) === undefined)).toEqual([]);
  });

  test('is read back by a reader of YAML 1.1 as it was written', () => {
    const file = new URL(`../yaml/${definition.spec.names.plural}.yaml`, import.meta.url);
    expect(parse(readFileSync(file, 'utf8'), { version: '1.1' })).toEqual(
      JSON.parse(JSON.stringify(definition)),
    );
  });
});

function leaves(schema: StructuralSchema, path: string): [string, StructuralSchema][] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    leaves(child, `${path}.${name}`),
  );
  const items = schema.items === undefined ? [] : leaves(schema.items, `${path}[]`);
  const all = [...below, ...items];
  return all.length > 0 ? all : [[path, schema]];
}
