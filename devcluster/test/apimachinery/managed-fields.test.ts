import { describe, expect, it } from 'vitest';
import { builtinSchema, customResourceSchema } from '../../src/apimachinery/builtin-schema.ts';
import { asGoWrites } from '../../src/apimachinery/fields/zero-value.ts';
import { isObject, type JsonObject } from '../../src/apimachinery/json.ts';
import { ApplyError, apply, trackUpdate } from '../../src/apimachinery/managed-fields.ts';
import { applyJsonPatch } from '../../src/apimachinery/patch/json.ts';
import { applyMergePatch } from '../../src/apimachinery/patch/merge.ts';
import { PatchError } from '../../src/apimachinery/patch/patch-error.ts';
import { applyStrategicMergePatch } from '../../src/apimachinery/patch/strategic.ts';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { causes, recording, type Step, step } from './recordings.ts';

const TIME = '2026-01-02T03:04:05Z';
const MASKED: Readonly<Record<string, string>> = { '<time>': TIME };

/** What the server adds to metadata by itself; the recordings mask it. */
const OF_THE_SERVER = ['namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'generation'];

function withoutServerFields(object: JsonObject): unknown {
  const metadata = Object.entries(isObject(object['metadata']) ? object['metadata'] : {});
  const kept = metadata.filter(([key]) => !OF_THE_SERVER.includes(key));
  const details = isObject(object['details']) ? { details: { causes: causes(object) } } : {};
  const text = JSON.stringify({ ...object, ...details, metadata: Object.fromEntries(kept) });
  return JSON.parse(text.replaceAll(/<time>/g, (mask) => MASKED[mask] ?? mask));
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Just enough of a server to follow the scenarios that are about field ownership of one object. */
function follow(live: JsonObject | undefined, one: Step, schema: Schema): Answer {
  const write = {
    manager: one.query['fieldManager'] ?? one.headers['User-Agent']?.split('/')[0] ?? 'kube-conformance',
    schema,
    apiVersion: String((live ?? one.body)['apiVersion']),
    time: TIME,
  };
  const stored = (object: JsonObject) => asGoWrites(schema, object) as JsonObject;
  const update = (after: unknown): Answer => ({
    status: live === undefined ? 201 : 200,
    body: trackUpdate({ ...write, before: live, after: stored(after as JsonObject) }),
  });
  if (one.method !== 'PATCH')
    return update(
      one.method === 'PUT' ? { ...one.body, metadata: { ...kept(live), ...meta(one.body) } } : one.body,
    );
  const type = one.headers['Content-Type'];
  if (type === 'application/merge-patch+json') return update(applyMergePatch(live, one.body));
  if (type === 'application/json-patch+json') return update(applyJsonPatch(live, one.body));
  if (type === 'application/strategic-merge-patch+json')
    return update(applyStrategicMergePatch(live, one.body, schema));
  const result = apply({ ...write, live, applied: one.body, force: one.query['force'] === 'true' });
  if (result.conflicts.length > 0) {
    const details = { causes: [...result.conflicts] };
    const body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: result.conflictMessage,
      reason: 'Conflict',
      details,
      code: 409,
    };
    return { status: 409, body };
  }
  return { status: live === undefined ? 201 : 200, body: stored(result.object) };
}

function meta(object: JsonObject | undefined): JsonObject {
  return isObject(object?.['metadata']) ? object['metadata'] : {};
}

function kept(object: JsonObject | undefined): JsonObject {
  const { name, uid } = meta(object);
  return { name, ...(uid !== undefined && { uid }) };
}

function replay(steps: readonly Step[], schema: Schema, names: (one: Step) => boolean): void {
  let live: JsonObject | undefined;
  const answers = new Map<string, JsonObject>();
  for (const one of steps.filter(names)) {
    const inPlay = JSON.parse(
      JSON.stringify(one)
        .replaceAll(/\$\{o\.metadata\.uid\}/g, '<uid-2>')
        .replaceAll(/\$\{p\.metadata\.uid\}/g, '<uid-3>'),
    );
    // A body such as `${create}` is what that step answered.
    const repeated = /^\$\{([^.}]+)\}$/.exec(String(one.body))?.[1];
    if (repeated !== undefined) inPlay.body = answers.get(repeated);
    const answer = follow(live, inPlay, schema);
    answers.set(one.name, answer.body);
    expect(answer.status, one.name).toBe(one.status);
    expect(withoutServerFields(answer.body), one.name).toEqual(withoutServerFields(one.answer));
    if (answer.status < 300) live = answer.body;
  }
}

const configMap = () => builtinSchema('v1', 'ConfigMap') ?? {};

describe('field ownership of a ConfigMap, as in', () => {
  const onConfigMap = (one: Step) =>
    one.method !== 'GET' &&
    /configmaps(\/a)?$/.test(one.path) &&
    !['o', 'p'].includes(one.name) &&
    one.status < 500;
  it.each([
    ['ssa-configmap', onConfigMap],
    ['ssa-after-update', onConfigMap],
    ['ssa-metadata', onConfigMap],
    ['managed-fields-update', (one: Step) => onConfigMap(one) && one.name !== 'owner-references'],
    ['no-op-writes', onConfigMap],
    ['merge-patch', (one: Step) => onConfigMap(one) && one.name !== 'yaml-body'],
    ['json-patch', (one: Step) => onConfigMap(one) && one.status < 300],
  ] as const)('%s', (name, names) => replay(recording(name), configMap(), names));
});

describe('field ownership of a custom resource', () => {
  const steps = recording('ssa-crd-lists');
  const crd = step(steps, 'crd').body as {
    spec?: { versions?: { schema?: { openAPIV3Schema?: Schema } }[] };
  };
  const schema = customResourceSchema(crd.spec?.versions?.[0]?.schema?.openAPIV3Schema ?? {});

  it('follows map, set and atomic lists, as in ssa-crd-lists', () => {
    replay(steps, schema, (one) => one.method === 'PATCH' && one.status < 500);
  });

  it('refuses a list item without its key', () => {
    const refused = step(steps, 'missing-key');
    const request = {
      applied: refused.body,
      manager: 'm1',
      schema,
      apiVersion: 'ns.example.com/v1',
      time: TIME,
    };
    expect(() => apply(request)).toThrow(new ApplyError(500, String(refused.answer['message'])));
  });
});

describe('apply() refuses', () => {
  const steps = recording('ssa-errors');
  const refusal = (name: string, apiVersion: string, kind: string) => {
    const { body, answer } = step(steps, name);
    const request = {
      applied: body,
      manager: 'm1',
      schema: builtinSchema(apiVersion, kind) ?? {},
      apiVersion,
      time: TIME,
    };
    expect(() => apply(request)).toThrow(String(answer['message']));
  };
  it('managedFields in the configuration', () => refusal('managed-fields-in-body', 'v1', 'ConfigMap'));
  it('two items with one key', () => refusal('duplicate-list-key', 'apps/v1', 'Deployment'));
  it('fields that the schema does not have', () => {
    const unknown = step(recording('unknown-fields'), 'apply-unknown');
    const schema = builtinSchema('apps/v1', 'Deployment') ?? {};
    const request = { applied: unknown.body, manager: 'm', schema, apiVersion: 'apps/v1', time: TIME };
    expect(() => apply(request)).toThrow(String(unknown.answer['message']));
  });
});

describe('trackUpdate() of the status subresource', () => {
  it('owns status alone, under an entry of its own', () => {
    const schema = customResourceSchema({
      type: 'object',
      properties: {
        spec: { type: 'object' },
        status: { type: 'object', properties: { ready: { type: 'boolean' } } },
      },
    });
    const before = {
      apiVersion: 'e/v1',
      kind: 'K',
      metadata: { name: 'a', uid: 'u', managedFields: [entry('m', { 'f:spec': {} })] },
      spec: {},
    };
    const after = trackUpdate({
      before,
      after: { ...before, status: { ready: true } },
      manager: 'm',
      schema,
      subresource: 'status',
      time: TIME,
      apiVersion: 'e/v1',
    });
    expect(meta(after)['managedFields']).toEqual([
      entry('m', { 'f:spec': {} }),
      { ...entry('m', { 'f:status': { '.': {}, 'f:ready': {} } }), subresource: 'status' },
    ]);
  });

  const entry = (manager: string, fieldsV1: JsonObject) => ({
    manager,
    operation: 'Update',
    apiVersion: 'e/v1',
    time: TIME,
    fieldsType: 'FieldsV1',
    fieldsV1,
  });
});

describe('applyJsonPatch() refuses, as recorded in json-patch', () => {
  const steps = recording('json-patch').filter((one) => one.status >= 400);
  const live = {
    kind: 'ConfigMap',
    metadata: { name: 'a', finalizers: ['example.com/one'] },
    data: { k: '3', k2: '2', moved: 'n' },
  };
  it.each(steps.map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect(() => applyJsonPatch(live, one.body)).toThrow(
      new PatchError(one.status as 400 | 422, String(one.answer['message'])),
    );
  });
});
