import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonSyntaxError } from '../../src/apiserver/decode/json-text.ts';
import { ProtobufError, parseProtobuf } from '../../src/apiserver/decode/protobuf.ts';
import { negotiate } from '../../src/apiserver/http/negotiate.ts';
import { requestInfo } from '../../src/apiserver/http/request-info.ts';
import { canonicalQuantity } from '../../src/apiserver/kinds/quantity.ts';
import { parseLabelSelector } from '../../src/apiserver/selectors/labels.ts';
import { humanDuration } from '../../src/apiserver/tables/age.ts';
import { compileJsonPath } from '../../src/apiserver/tables/json-path.ts';

const info = (method: string, path: string, query = '') =>
  requestInfo(method, path, new URLSearchParams(query));

describe('requestInfo()', () => {
  test.each([
    ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', plural: 'pods', namespace: 'a', name: '' }],
    ['GET', '/api/v1/namespaces/a', { verb: 'get', plural: 'namespaces', namespace: 'a', name: 'a' }],
    [
      'PUT',
      '/api/v1/namespaces/a/finalize',
      { verb: 'update', plural: 'namespaces', subresource: 'finalize' },
    ],
    [
      'GET',
      '/apis/apps/v1/deployments',
      { verb: 'list', group: 'apps', plural: 'deployments', namespace: undefined },
    ],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/a/deployments/d/scale',
      { verb: 'patch', name: 'd', subresource: 'scale' },
    ],
    ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection' }],
    ['GET', '/version', { isResource: false, verb: 'get' }],
    ['GET', '/apis/apps', { isResource: false }],
  ])('reads %s %s', (method, path, wanted) => {
    expect(info(method, path)).toMatchObject(wanted);
  });

  test('takes a watch of one name as access to that name', () => {
    expect(info('GET', '/api/v1/namespaces/a/pods', 'watch=1&fieldSelector=metadata.name%3Dp')).toMatchObject(
      {
        verb: 'watch',
        selectedName: 'p',
      },
    );
  });
});

describe('canonicalQuantity()', () => {
  test.each([
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['0.5Gi', '512Mi'],
    ['1e3', '1e3'],
    ['1500', '1500'],
    ['2000', '2k'],
    [2, '2'],
    ['0', '0'],
    ['.5', '500m'],
    ['100000000', '100M'],
  ])('writes %s as %s', (text, wanted) => {
    expect(canonicalQuantity(text)).toBe(wanted);
  });

  test.each(['lots', '', '1.2.3', '1Kii', '--1', 'Mi'])('knows that %j is none', (text) => {
    expect(canonicalQuantity(text)).toBeUndefined();
  });

  test('leaves what it has written as it is', () => {
    const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'n', 'u');
    fc.assert(
      fc.property(fc.integer({ min: -99_999, max: 99_999 }), suffix, (number, unit) => {
        const once = canonicalQuantity(`${number}${unit}`);
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });
});

describe('jsonSyntaxError()', () => {
  test.each([
    ['', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['{nope', "invalid character 'n' looking for beginning of object key string"],
    ['data: x', "invalid character 'd' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 2}', "invalid character '2' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['tru3', "invalid character '3' in literal true (expecting 'e')"],
    ['{} x', "invalid character 'x' after top-level value"],
  ])('says of %j what Go says', (text, wanted) => {
    expect(jsonSyntaxError(text)).toBe(wanted);
  });
});

describe('label selectors', () => {
  const labels = { tier: 'front', app: 'shop' };
  test.each([
    ['tier=front', true],
    ['tier!=front', false],
    ['missing!=x', true],
    ['tier in (front,back),app', true],
    ['tier notin (front)', false],
    ['!missing', true],
    [' tier = front , !gone ', true],
  ])('%j matches: %s', (text, wanted) => {
    expect(parseLabelSelector(text)?.(labels)).toBe(wanted);
  });
});

describe('negotiate()', () => {
  test('takes the first form that it can serve', () => {
    const accept =
      'application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    expect(negotiate(accept, true)).toEqual({ yaml: false, as: 'table' });
  });

  test('refuses what nobody can serve', () => {
    expect(() => negotiate('application/xml', true)).toThrow(/Not Acceptable/);
  });
});

describe('humanDuration()', () => {
  test.each([
    [5_000, '5s'],
    [119_000, '119s'],
    [121_000, '2m1s'],
    [15 * 60_000, '15m'],
    [3.5 * 3_600_000, '3h30m'],
    [30 * 3_600_000, '30h'],
    [3 * 86_400_000, '3d'],
    [800 * 86_400_000, '2y70d'],
  ])('shows %d ms as %s', (ms, wanted) => {
    expect(humanDuration(ms)).toBe(wanted);
  });
});

describe('compileJsonPath()', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'a', labels: { 'a.b/c': 'dotted' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Stalled', status: 'False' },
      ],
      list: [1, 2],
    },
  };
  test.each([
    ['.metadata.name', ['a']],
    ['.metadata.labels.a\\.b/c', ['dotted']],
    ['.status.conditions[?(@.type=="Stalled")].status', ['False']],
    ['.status.conditions[*].type', ['Ready', 'Stalled']],
    ['.status.list[1]', [2]],
    ['.status.nothing.at.all', []],
  ])('%s finds %j', (path, wanted) => {
    expect(compileJsonPath(path)(object)).toEqual(wanted);
  });
});

describe('parseProtobuf()', () => {
  test('never fails with anything but a ProtobufError', () => {
    for (let i = 0; i < 500; i++) {
      const body = Buffer.concat([Buffer.from('k8s\0'), randomBytes(i % 60)]);
      try {
        parseProtobuf(body);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }
  });
});
