import { describe, expect, it } from 'vitest';
import { builtinSchema } from '../../../src/apimachinery/builtin-schema.ts';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { applyMergePatch } from '../../../src/apimachinery/patch/merge.ts';
import { PatchError } from '../../../src/apimachinery/patch/patch-error.ts';
import { applyStrategicMergePatch } from '../../../src/apimachinery/patch/strategic.ts';
import { recording, type Step } from '../recordings.ts';

const deployment = builtinSchema('apps/v1', 'Deployment') ?? {};
const pod = builtinSchema('v1', 'Pod') ?? {};

/** Only what patches change; the rest is defaulting. */
function spec(object: JsonObject): unknown {
  const { template, strategy } = object['spec'] as {
    template: { metadata: unknown; spec: { containers: JsonObject[] } };
    strategy: unknown;
  };
  const containers = template.spec.containers.map(({ name, image, env }) => ({ name, image, env }));
  return { metadata: template.metadata, strategy, containers };
}

describe('applyStrategicMergePatch(), as recorded in deployment-strategic-merge', () => {
  const steps = recording('deployment-strategic-merge');
  const patches = steps.flatMap((one, i): [string, Step, JsonObject][] => {
    const before = steps.slice(0, i).findLast((earlier) => earlier.status < 300)?.answer ?? {};
    return one.method === 'PATCH' && one.status === 200 ? [[one.name, one, before]] : [];
  });
  it.each(patches)('%s', (_, one, before) => {
    const isMergePatch = one.headers['Content-Type'] === 'application/merge-patch+json';
    const after = isMergePatch
      ? applyMergePatch(before, one.body)
      : applyStrategicMergePatch(before, one.body, deployment);
    expect(spec(after as JsonObject)).toEqual(spec(one.answer));
  });

  it('refuses an item without the merge key', () => {
    const one = steps.find((other) => other.name === 'no-merge-key');
    const patch = () => applyStrategicMergePatch(steps[0]?.answer, one?.body, deployment);
    expect(patch).toThrow(new PatchError(500, String(one?.answer['message'])));
  });
});

describe('applyStrategicMergePatch()', () => {
  const patched = (document: JsonObject, patch: JsonObject) => applyStrategicMergePatch(document, patch, pod);

  it('adds to lists of primitives that merge, and deletes from them', () => {
    const document = { metadata: { finalizers: ['a', 'b'] } };
    expect(patched(document, { metadata: { finalizers: ['c', 'a'] } })).toEqual({
      metadata: { finalizers: ['c', 'a', 'b'] },
    });
    expect(patched(document, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });

  it('deletes and reorders in one patch, as kubectl apply writes it', () => {
    const document = { metadata: { finalizers: ['a', 'b', 'c'] } };
    const patch = {
      metadata: { '$setElementOrder/finalizers': ['c', 'b'], '$deleteFromPrimitiveList/finalizers': ['a'] },
    };
    expect(patched(document, patch)).toEqual({ metadata: { finalizers: ['c', 'b'] } });
  });

  it('replaces lists without a merge key', () => {
    const document = { spec: { tolerations: [{ key: 'a' }], containers: [] } };
    const after = patched(document, { spec: { tolerations: [{ key: 'b' }] } });
    expect(after).toEqual({ spec: { tolerations: [{ key: 'b' }], containers: [] } });
  });

  it('leaves only the members of a union that $retainKeys names', () => {
    const document = {
      spec: {
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'w', emptyDir: {} },
        ],
      },
    };
    const patch = {
      spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
    };
    expect(patched(document, patch)).toEqual({
      spec: {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'w', emptyDir: {} },
        ],
      },
    });
  });

  it('keeps directives and nulls out of what it adds', () => {
    const patch = {
      spec: {
        containers: [{ name: 'c', $patch: 'merge' }],
        volumes: [{ name: 'v', emptyDir: { medium: null } }],
      },
    };
    expect(patched({ spec: {} }, patch)).toEqual({
      spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }] },
    });
  });

  it('replaces and empties objects by directive', () => {
    const document = { metadata: { labels: { a: '1', b: '2' } } };
    expect(patched(document, { metadata: { labels: { $patch: 'replace', c: '3' } } })).toEqual({
      metadata: { labels: { c: '3' } },
    });
    expect(patched(document, { metadata: { labels: { $patch: 'delete' } } })).toEqual({
      metadata: { labels: {} },
    });
  });
});
