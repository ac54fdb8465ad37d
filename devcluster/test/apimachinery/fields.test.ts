import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinSchema, customResourceSchema } from '../../src/apimachinery/builtin-schema.ts';
import {
  difference,
  type FieldSet,
  fieldSetOf,
  intersection,
  isEmptySet,
  pathsOf,
  sameSet,
  union,
} from '../../src/apimachinery/fields/field-set.ts';
import { formatFieldsV1, parseFieldsV1 } from '../../src/apimachinery/fields/fields-v1.ts';
import { pathText } from '../../src/apimachinery/fields/path-element.ts';
import { toFieldSet } from '../../src/apimachinery/fields/to-field-set.ts';
import { type JsonObject, sameJson } from '../../src/apimachinery/json.ts';
import { apply, trackUpdate } from '../../src/apimachinery/managed-fields.ts';
import { prune } from '../../src/apimachinery/prune.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';

const element = fc.oneof(
  fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'f:constructor'),
  fc.constantFrom('k:{"name":"x"}', 'k:{"port":80,"protocol":"TCP"}', 'v:"x"', 'v:1', 'i:0'),
);
const fieldSet = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) => fieldSetOf(paths));

describe('a field set', () => {
  it('survives being written as FieldsV1 and read again', () => {
    fc.assert(
      fc.property(fieldSet, (set) => {
        expect(sameSet(parseFieldsV1(formatFieldsV1(set)), set)).toBe(true);
      }),
    );
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(fieldSet, fieldSet, (a, b) => {
        expect(sameSet(union(a, b), union(b, a))).toBe(true);
        expect(sameSet(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(isEmptySet(intersection(difference(a, b), b))).toBe(true);
      }),
    );
  });
});

const schema: Schema = customResourceSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        map: { type: 'object', additionalProperties: { type: 'string' } },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        plain: { type: 'array', items: { type: 'integer' } },
        atom: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          'x-kubernetes-map-type': 'atomic',
        },
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, v: { type: 'integer' }, w: { type: 'integer' } },
          },
        },
        free: { 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
});

/** Without empty containers: a real server leaves null where all of a container's items go. */
const name = fc.constantFrom('a', 'b', 'c');
const spec = fc.record(
  {
    text: fc.string(),
    map: fc.dictionary(name, fc.string({ maxLength: 2 }), { minKeys: 1 }),
    set: fc.uniqueArray(name, { minLength: 1 }),
    plain: fc.array(fc.integer(), { maxLength: 3 }),
    atom: fc.record({ a: fc.string(), b: fc.string() }, { requiredKeys: [] }),
    list: fc.uniqueArray(
      fc.record({ name, v: fc.integer({ max: 2 }), w: fc.integer({ max: 2 }) }, { requiredKeys: ['name'] }),
      { selector: (item) => item.name, minLength: 1 },
    ),
    free: fc.oneof(fc.integer(), fc.string(), fc.dictionary(name, fc.integer(), { minKeys: 1 })),
  },
  { requiredKeys: [] },
);
const configuration = spec.map((value) => ({
  apiVersion: 'e/v1',
  kind: 'K',
  metadata: { name: 'a' },
  spec: value,
}));

const write = (manager: string) => ({ manager, schema, apiVersion: 'e/v1', time: '2026-01-02T03:04:05Z' });
const created = (applied: JsonObject) => ({ ...apply({ ...write('m1'), applied }).object });

describe('apply()', () => {
  it('does nothing the second time', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const once = apply({ ...write('m2'), live: created(first), applied: second, force: true });
        const twice = apply({ ...write('m2'), live: once.object, applied: second });
        expect(twice.conflicts).toEqual([]);
        expect(sameJson(twice.object, once.object)).toBe(true);
      }),
    );
  });

  it('leaves of an object with one manager only what that manager applies', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const { object } = apply({ ...write('m1'), live: created(first), applied: second });
        const left = toFieldSet(schema, { spec: (object as { spec?: JsonObject }).spec ?? {} });
        const wanted = toFieldSet(schema, { spec: second.spec });
        const paths = (set: FieldSet) => [...pathsOf(set)].map(pathText).filter((path) => path !== '.spec');
        expect(paths(left)).toEqual(paths(wanted));
      }),
    );
  });

  it('never takes a field from another manager without force', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = created(first);
        const { object, conflicts } = apply({ ...write('m2'), live, applied: second });
        if (conflicts.length > 0) return;
        const owned = (of: JsonObject) =>
          (of as { metadata: { managedFields?: { manager: string }[] } }).metadata.managedFields?.find(
            (one) => one.manager === 'm1',
          );
        expect(owned(object)).toEqual(owned(live));
      }),
    );
  });
});

describe('trackUpdate()', () => {
  it('keeps everything as it was when nothing changed', () => {
    fc.assert(
      fc.property(configuration, (first) => {
        const live = created(first);
        const stored = { ...live, metadata: { ...(live as { metadata: JsonObject }).metadata, uid: 'u' } };
        expect(
          trackUpdate({ ...write('other'), time: '2027-01-01T00:00:00Z', before: stored, after: stored }),
        ).toEqual(stored);
      }),
    );
  });
});

describe('prune()', () => {
  it('finds nothing more the second time', () => {
    const anything = fc.dictionary(fc.constantFrom('spec', 'metadata', 'x'), fc.jsonValue());
    fc.assert(
      fc.property(anything, (object) => {
        const once = prune(schema, object);
        expect(prune(schema, once.object)).toEqual({ object: once.object, unknownFields: [] });
      }),
    );
  });

  it('names what it drops by its path, built-in kinds included', () => {
    const deployment = builtinSchema('apps/v1', 'Deployment') ?? {};
    const object = {
      kind: 'Deployment',
      spec: { replica: 3, template: { spec: { containers: [{ name: 'a', imag: 'b' }] } } },
    };
    expect(prune(deployment, object).unknownFields).toEqual([
      'spec.replica',
      'spec.template.spec.containers[0].imag',
    ]);
  });
});
