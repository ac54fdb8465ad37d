import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CARDS } from './vault-caller.ts';
import type { SUBJECTS } from './vault-world.ts';

/** A request as somebody might send it who means no good, or whose client is broken. */
export interface HostileRequest {
  /** The route as the OpenAPI document has it. */
  route: string;
  method: string;
  path: string;
  as: keyof typeof SUBJECTS;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

interface Operation {
  route: string;
  method: string;
  permission: string;
  query: string[];
  example: unknown;
}

/** Every route of the served document that needs a permission: a new one is attacked without being named here. */
const OPERATIONS: readonly Operation[] = readOperations();

const WHO: Record<string, keyof typeof SUBJECTS> = {
  'grants:create': 'router',
  'tokens:reveal': 'stripe',
  'credentials:update': 'stripe',
  'status:read': 'operator',
};

const card = CARDS.visa;
/** Digits of other scripts (Arabic, full width), separators, controls, halves of pairs, names with a meaning. */
const STRINGS = [
  ...[
    card,
    '٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢',
    '\uff14\uff12'.repeat(8),
    '4242 4242 4242 4242',
    '-1',
    '1e400',
    '0x10',
    '12',
    '',
  ],
  ...['\u0000', 'a\u0000b', '\ud800', '\udfff\ud800', '\u202e', '𝟜𝟚', "' OR 1=1 --", '%s%n', '../..'],
  ...[
    '__proto__',
    'constructor',
    'x'.repeat(5000),
    '9999999999999999999.999999999999999999',
    '*',
    '"1"',
    'null',
  ],
];
const VALUES: readonly fc.Arbitrary<unknown>[] = [
  fc.constantFrom(...STRINGS),
  fc.constantFrom(null, true, [], {}, 0, -0, -1, 1.5, 13, 1e21, 2 ** 60, 4242424242424242),
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
];
const hostile = fc.oneof(...VALUES);
const word = fc.oneof(fc.constantFrom(...STRINGS.filter((text) => text.isWellFormed())), fc.string());

/** What JSON can hold, with one place of it changed. */
function mutated(example: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(example);
  return fc
    .record({
      place: fc.constantFrom(...places),
      value: hostile,
      kind: fc.constantFrom('set', 'add', 'drop'),
    })
    .map(({ place, value, kind }) => changed(example, place, kind, value));
}

function placesOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...path, name]))];
}

function changed(value: unknown, [name, ...rest]: string[], kind: string, by: unknown): unknown {
  if (name === undefined)
    return kind === 'add' && isObject(value) ? { ...value, [typeof by === 'string' ? by : 'more']: by } : by;
  if (!isObject(value)) return by;
  const { [name]: member, ...others } = value;
  if (rest.length === 0 && kind === 'drop') return others;
  return { ...others, [name]: changed(member, rest, kind, by) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bodies that are no JSON, or no UTF-8, or too much of it. */
function raw(example: unknown): fc.Arbitrary<Buffer> {
  const text = JSON.stringify(example ?? {});
  return fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.nat(text.length).map((length) => Buffer.from(text.slice(0, length))),
    fc.constantFrom(
      Buffer.from(`${'['.repeat(7000)}${']'.repeat(7000)}`),
      Buffer.from('{"card":'.repeat(1500)),
      Buffer.from(`{"card":{"number":"${card}"},"card":{"number":"${card}"}}`),
      Buffer.from(`{"__proto__":{"card":1},"constructor":{"prototype":{}}}`),
      Buffer.from(`\ufeff${text}`),
      Buffer.from(text, 'utf16le'),
      // An overlong slash, half a sequence, a surrogate as UTF-8.
      Buffer.concat([
        Buffer.from('{"card":"'),
        Buffer.from([0xc0, 0xaf, 0xe2, 0x82, 0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
      Buffer.alloc(400_000, 'x'),
      Buffer.from(JSON.stringify({ card: { number: card, holderName: 'x'.repeat(300_000) } })),
    ),
  );
}

const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    card,
    'two words',
    'x'.repeat(2000),
    '*',
    'W/"1"',
    '"',
    'acme',
    'globex',
    '\u00e9',
    'application/json',
  ),
  fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
);
const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      'idempotency-key',
      'if-match',
      'cofferdam-merchant',
      'content-type',
      'x-request-id',
      'accept',
      'content-encoding',
    ],
  ),
  headerValue,
  { maxKeys: 2 },
);

/** Names of acme's that are there, as the routes call them. */
export type There = Readonly<Record<'token' | 'customer' | 'agreement', string>>;

/** Hostile requests to all of the routes. */
export function hostileRequest(there: There): fc.Arbitrary<HostileRequest> {
  return fc.constantFrom(...OPERATIONS).chain((operation) => {
    const { route, method, permission } = operation;
    const example = exampleWith(operation.example, there);
    const query = fc.dictionary(fc.oneof(fc.constantFrom(...operation.query, 'x'), word), word, {
      maxKeys: 3,
    });
    const hostileName = fc.oneof(
      word.map(encodeURIComponent),
      fc.constantFrom('%', '%00', '%E0%A4%A', '%C0%AF', '..'),
    );
    // Of several names in a path one is hostile, or none.
    const names = fc.record({
      hostileName,
      // Nothing of what is there is deleted.
      place: method === 'DELETE' ? fc.constant(0) : fc.nat(2),
    });
    const json = mutated(example).map((value) => Buffer.from(JSON.stringify(value) ?? ''));
    const body = fc.oneof({ arbitrary: json, weight: 3 }, { arbitrary: raw(example), weight: 1 });
    const takesBody = method === 'POST' || method === 'PATCH';
    return fc.record({ names, query, headers, body }).map((parts) => ({
      ...{ route: `${method} ${route}`, method, as: WHO[permission] ?? 'checkout', headers: parts.headers },
      path: `${pathOf(route, there, parts.names)}?${new URLSearchParams(parts.query)}`,
      body: takesBody ? parts.body : undefined,
    }));
  });
}

/** Each member of each body in turn, with each of the hostile strings in its place: what chance may pass over. */
export function everyPlace(there: There): HostileRequest[] {
  return OPERATIONS.flatMap(({ route, method, permission, example }) =>
    placesOf(example ?? {}).flatMap((place) =>
      STRINGS.map((text): HostileRequest => {
        const json = JSON.stringify(changed(exampleWith(example, there), place, 'set', text));
        const path = pathOf(route, there);
        return {
          route,
          method,
          path,
          as: WHO[permission] ?? 'checkout',
          headers: {},
          body: Buffer.from(json),
        };
      }),
    ),
  ).filter(({ method }) => method === 'POST' || method === 'PATCH');
}

/** A route with names of what is there, and a hostile one in the place of one of them. */
function pathOf(route: string, there: There, hostile?: { hostileName: string; place: number }): string {
  let place = 0;
  return route.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    place++ === hostile?.place
      ? hostile.hostileName
      : ((there as Record<string, string>)[name] ?? there.token),
  );
}

function exampleWith(example: unknown, there: There): unknown {
  const text = JSON.stringify(example ?? {}).replaceAll(
    /(tok|cus|agr)_0123456789abcdefghjkmnpqrs/g,
    (_, kind) => (kind === 'tok' ? there.token : kind === 'cus' ? there.customer : there.agreement),
  );
  return JSON.parse(text);
}

function readOperations(): Operation[] {
  const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, RawOperation>>;
  };
  return Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.entries(methods).flatMap(([method, { description, parameters = [], requestBody }]) => {
      const permission = /Permission: `([^`]+)`/.exec(description)?.[1];
      if (permission === undefined) return [];
      const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
      const example = requestBody?.content['application/json']?.example;
      return [{ route, method: method.toUpperCase(), permission, query, example }];
    }),
  );
}

interface RawOperation {
  description: string;
  parameters?: { in: string; name: string }[];
  requestBody?: { content: { 'application/json'?: { example: unknown } } };
}
