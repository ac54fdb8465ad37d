import { describe, expect, it } from 'vitest';
import { builtinSchema, customResourceSchema } from '../../src/apimachinery/builtin-schema.ts';
import { duplicateFields } from '../../src/apimachinery/duplicate-fields.ts';
import { asGoWrites, zeroValue } from '../../src/apimachinery/fields/zero-value.ts';
import { prune, unknownFieldText } from '../../src/apimachinery/prune.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { recording, step } from './recordings.ts';

describe('prune(), as in crd-pruning', () => {
  const steps = recording('crd-pruning');
  const crd = step(steps, 'crd').body as {
    spec?: { versions?: { schema?: { openAPIV3Schema?: Schema } }[] };
  };
  const schema = customResourceSchema(crd.spec?.versions?.[0]?.schema?.openAPIV3Schema ?? {});

  it.each(['warn', 'ignore', 'embedded-kept', 'unknown-metadata-warns'])(
    'keeps what the schema declares and nothing else: %s',
    (name) => {
      const { body, answer } = step(steps, name);
      expect((prune(schema, body).object as Record<string, unknown>)['spec']).toEqual(answer['spec']);
    },
  );

  it('names every unknown field in the words of strict decoding', () => {
    const { body, answer } = step(steps, 'strict');
    const texts = prune(schema, body).unknownFields.map(unknownFieldText);
    expect(texts).not.toEqual([]);
    expect(String(answer['message']).endsWith(`strict decoding error: ${texts.join(', ')}`)).toBe(true);
  });
});

describe('duplicateFields()', () => {
  it('names members that stand twice, by their path', () => {
    expect(
      duplicateFields('{"spec": {"a": "1", "a" : "2", "l": [{"x": 1, "x": 2}]}, "b\\"c": {}, "b\\"c": 1}'),
    ).toEqual(['spec.a', 'spec.l[0].x', 'b"c']);
  });

  it('finds none in what names each member once', () => {
    expect(duplicateFields('{"a": [1, "a", {"a": {"a": "a: {}, a"}}], "b": [], "c": {}}')).toEqual([]);
  });
});

describe('asGoWrites()', () => {
  const schema = (apiVersion: string, kind: string) => builtinSchema(apiVersion, kind) ?? {};

  it('drops empty maps and lists and nulls, and keeps empty structs', () => {
    const pod = {
      metadata: { labels: {}, finalizers: [], name: 'a' },
      spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }], hostname: null },
    };
    expect(asGoWrites(schema('v1', 'Pod'), pod)).toEqual({
      metadata: { name: 'a' },
      spec: { volumes: [{ name: 'v', emptyDir: {} }] },
      status: {},
    });
  });

  it('writes structs that Go cannot leave out', () => {
    expect(asGoWrites(schema('v1', 'Service'), {})).toEqual({
      metadata: {},
      spec: {},
      status: { loadBalancer: {} },
    });
    expect(zeroValue(schema('apps/v1', 'Deployment'))).toMatchObject({
      spec: { selector: null, strategy: {}, template: { spec: { containers: null } } },
    });
  });
});

describe('builtinSchema()', () => {
  it.each([
    ['v1', 'Event'],
    ['events.k8s.io/v1', 'Event'],
    ['autoscaling/v2', 'HorizontalPodAutoscaler'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ['authentication.k8s.io/v1', 'TokenRequest'],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
    ['policy/v1', 'PodDisruptionBudget'],
    ['coordination.k8s.io/v1', 'Lease'],
    ['discovery.k8s.io/v1', 'EndpointSlice'],
  ])('knows %s %s', (apiVersion, kind) => {
    expect(builtinSchema(apiVersion, kind)?.properties).toHaveProperty('metadata');
  });

  it('knows nothing of kinds that do not exist', () => {
    expect(builtinSchema('v1', 'Nonsense')).toBeUndefined();
    expect(builtinSchema('v1', 'constructor')).toBeUndefined();
  });
});
