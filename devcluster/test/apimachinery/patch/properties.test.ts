import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type JsonObject, sameJson } from '../../../src/apimachinery/json.ts';
import { applyJsonPatch } from '../../../src/apimachinery/patch/json.ts';
import { applyMergePatch } from '../../../src/apimachinery/patch/merge.ts';

/** JSON without nulls, which a merge patch cannot write. */
const { value } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  object: fc.dictionary(fc.constantFrom('a', 'b', '~', '/', '__proto__', 'constructor', ''), tie('value'), {
    maxKeys: 4,
  }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
}));
const document = fc.dictionary(fc.constantFrom('a', 'b', '~', '/', '__proto__', 'constructor'), value, {
  maxKeys: 4,
});

/** The merge patch that turns a into b. */
function mergeDiff(a: JsonObject, b: JsonObject): JsonObject {
  const patch: [string, unknown][] = [];
  for (const key of Object.keys(a)) if (!Object.hasOwn(b, key)) patch.push([key, null]);
  for (const [key, wanted] of Object.entries(b)) {
    const present = Object.hasOwn(a, key) ? a[key] : undefined;
    if (isObject(wanted) && isObject(present)) patch.push([key, mergeDiff(present, wanted)]);
    else if (!sameJson(present, wanted)) patch.push([key, wanted]);
  }
  return Object.fromEntries(patch);
}

/** A JSON patch that turns a into b, and its reverse. */
function jsonDiff(a: JsonObject, b: JsonObject, at = ''): JsonObject[] {
  const path = (key: string) => `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const removed = Object.keys(a).filter((key) => !Object.hasOwn(b, key));
  return [
    ...removed.map((key) => ({ op: 'remove', path: path(key) })),
    ...Object.entries(b).flatMap(([key, wanted]): JsonObject[] => {
      const present = Object.hasOwn(a, key) ? a[key] : undefined;
      if (isObject(wanted) && isObject(present)) return jsonDiff(present, wanted, path(key));
      return sameJson(present, wanted)
        ? []
        : [{ op: present === undefined ? 'add' : 'replace', path: path(key), value: wanted }];
    }),
  ];
}

describe('applyMergePatch()', () => {
  it('turns a into b by the difference of the two', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        expect(sameJson(applyMergePatch(a, mergeDiff(a, b)), b)).toBe(true);
      }),
    );
  });

  it('does nothing the second time', () => {
    fc.assert(
      fc.property(document, document, (a, patch) => {
        const once = applyMergePatch(a, patch);
        expect(sameJson(applyMergePatch(once, patch), once)).toBe(true);
      }),
    );
  });
});

describe('applyJsonPatch()', () => {
  it('goes to b and back to a', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const there = applyJsonPatch(a, jsonDiff(a, b)) as JsonObject;
        expect(sameJson(there, b)).toBe(true);
        expect(sameJson(applyJsonPatch(there, jsonDiff(there, a)), a)).toBe(true);
      }),
    );
  });

  it('leaves the given document as it is', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const before = JSON.stringify(a);
        applyJsonPatch(a, jsonDiff(a, b));
        expect(JSON.stringify(a)).toBe(before);
      }),
    );
  });
});
