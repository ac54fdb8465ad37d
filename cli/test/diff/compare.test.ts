import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../src/diff/compare.ts';
import { managerOf } from '../../src/diff/dry-run.ts';

const object = (data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', ...metadata },
  data,
});
const name = 'ConfigMap n/a';

describe('unifiedDiff()', () => {
  it('is empty when only what the server keeps differs, and the order of members', () => {
    const live = object(
      { a: '1', b: '2' },
      {
        uid: 'u',
        resourceVersion: '7',
        generation: 3,
        annotations: { 'payments.cofferdam.dev/applied': 'x' },
      },
    );
    expect(unifiedDiff({ name, live, wanted: object({ b: '2', a: '1' }) })).toBe('');
  });

  it('shows a changed line with its surroundings', () => {
    expect(unifiedDiff({ name, live: object({ a: '1' }), wanted: object({ a: '2' }) })).toBe(
      [
        '--- live/ConfigMap n/a',
        '+++ wanted/ConfigMap n/a',
        '@@ -1,6 +1,6 @@',
        ' apiVersion: v1',
        ' data:',
        '-  a: "1"',
        '+  a: "2"',
        ' kind: ConfigMap',
        ' metadata:',
        '   name: a',
        '',
      ].join('\n'),
    );
  });

  it('shows what is made and what goes against /dev/null', () => {
    expect(unifiedDiff({ name, live: undefined, wanted: object({}) })).toMatch(
      /^--- \/dev\/null\n\+\+\+ wanted/,
    );
    expect(unifiedDiff({ name, live: object({}), wanted: undefined })).toMatch(/\n\+\+\+ \/dev\/null\n/);
  });
});

describe('managerOf()', () => {
  it('is whoever applied the object, and neither the operator nor a status', () => {
    const managedFields = [
      { manager: 'cofferdam-operator', operation: 'Apply' },
      { manager: 'cofferdam-operator', operation: 'Apply', subresource: 'status' },
      { manager: 'kubectl-edit', operation: 'Update' },
      { manager: 'argocd-controller', operation: 'Apply' },
    ];
    expect(managerOf(object({}, { managedFields }))).toBe('argocd-controller');
    expect(managerOf(undefined)).toBe('kubectl');
  });
});
