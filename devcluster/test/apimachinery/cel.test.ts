import { describe, expect, it } from 'vitest';
import type { Schema } from '../../src/apimachinery/schema.ts';
import { validate } from '../../src/apimachinery/validate.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    flag: { type: 'boolean' },
    when: { type: 'string', format: 'date-time' },
    port: { 'x-kubernetes-int-or-string': true },
    list: { type: 'array', items: { type: 'string' } },
    numbers: { type: 'array', items: { type: 'integer' } },
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    'dashed-name': { type: 'string' },
    inner: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } },
    other: { type: 'object', properties: { a: { type: 'string' } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

const value = {
  text: 'abc-123',
  count: 3,
  ratio: 2,
  flag: true,
  when: '2026-01-02T03:04:05Z',
  port: 80,
  list: ['a', 'b'],
  numbers: [1, 2, 3],
  map: { x: 1, y: 2 },
  'dashed-name': 'd',
  inner: { a: 'x', b: 1 },
};

/** What a rule says of the value: true, or the message of its refusal. */
function rule(text: string, object: unknown = value, old?: unknown): true | string {
  const errors = validate({ ...schema, 'x-kubernetes-validations': [{ rule: text }] }, object, { old });
  return errors.length === 0 ? true : errors.map((error) => error.message).join('; ');
}

describe('a rule', () => {
  it.each([
    'self.count == 3 && self.count > 2 && self.count + 1 == 4',
    'self.ratio == 2.0 && self.ratio > 1',
    'has(self.inner.a) && !has(self.other) && !has(self.inner) == false',
    'self.?other.a.orValue("none") == "none"',
    'self.inner == self.inner && self.inner != null',
    'self.list.all(x, x.size() == 1) && self.list.exists(x, x == "b") && self.list.exists_one(x, x == "a")',
    'self.list.map(x, x + "!") == ["a!", "b!"] && self.list.filter(x, x != "a").size() == 1',
    'self.map.all(key, self.map[key] > 0) && "x" in self.map && self.map.x == 1',
    'self.port == 80 && type(self.port) == int',
    'self.when > timestamp("2020-01-01T00:00:00Z")',
    'self.dashed__dash__name == "d"',
    'self.text.matches("^[a-z]+-[0-9]+$") && self.text.find("[0-9]+") == "123"',
    'self.text.findAll("[a-c]").size() == 3 && self.text.replace("-", "_") == "abc_123"',
    'self.text.split("-") == ["abc", "123"] && self.list.join(",") == "a,b"',
    'self.text.startsWith("abc") && self.text.contains("-") && self.text.upperAscii() == "ABC-123"',
    'self.numbers.isSorted() && self.numbers.sum() == 6 && self.numbers.min() == 1 && self.numbers.max() == 3',
    'self.numbers.indexOf(2) == 1 && sets.contains(self.numbers, [1, 2]) && sets.intersects(self.list, ["b"])',
    'isURL("https://a.example:8443/x?y") && url("https://a.example:8443/x").getPort() == "8443"',
    'url("https://[::1]:80/").getHostname() == "::1" && url("https://a/x").getScheme() == "https"',
    'quantity("1500m").isGreaterThan(quantity("1")) && quantity("1Ki").asInteger() == 1024',
    'quantity("1").add(quantity("500m")).compareTo(quantity("1.5")) == 0 && !isQuantity("1x")',
    'isIP("10.0.0.1") && ip("::1").family() == 6 && isCIDR("10.0.0.0/8") && cidr("10.0.0.0/8").prefixLength() == 8',
    'duration("1h") > duration("59m") && cel.bind(n, self.count, n == 3)',
  ])('%s', (text) => {
    expect(rule(text)).toBe(true);
  });

  it('that reads an unset field is refused with the cause', () => {
    expect(rule('self.other.a == "x"')).toBe(
      'Invalid value: no such key: other evaluating rule: self.other.a == "x"',
    );
  });

  it('that names a field which the schema does not have never passes', () => {
    expect(rule('self.nope == 1')).toContain("undefined field 'nope'");
  });

  it('that compares types which have no comparison is refused when it is compiled', () => {
    expect(rule('self.text > 1')).toContain('compilation failed');
  });

  it('with oldSelf runs only where there is an old value', () => {
    expect(rule('self.count >= oldSelf.count')).toBe(true);
    expect(rule('self.count >= oldSelf.count', { ...value, count: 2 }, value)).toContain('failed rule');
  });

  it('with optionalOldSelf runs on create, too', () => {
    const optional: Schema = {
      ...schema,
      'x-kubernetes-validations': [
        { rule: 'oldSelf.hasValue() || self.count == 0', optionalOldSelf: true, message: 'starts at 0' },
      ],
    };
    expect(validate(optional, { count: 1 }).map((error) => error.message)).toEqual([
      'Invalid value: starts at 0',
    ]);
    expect(validate(optional, { count: 2 }, { old: { count: 1 } })).toEqual([]);
  });
});
