import { Environment } from '@marcbachmann/cel-js';
import { checkFormat, isCidr, isIpv4, isIpv6 } from '../validation/formats.ts';
import {
  asApproximateFloat,
  asInteger,
  compareQuantities,
  isWhole,
  parseQuantity,
  Quantity,
} from './quantity.ts';

/** A function of the CEL library that does not apply to what it was given. */
class CelFunctionError extends Error {
  override readonly name = 'CelFunctionError';
}

function required<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new CelFunctionError(message);
  return value;
}

/** An object that carries functions under a name, such as `sets.contains()`. */
class Sets {}
class Address {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
class Cidr {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

let library: Environment | undefined;

/**
 * CEL with the functions that Kubernetes adds to it (lists, sets, strings, regular expressions, URLs, quantities, IP
 * addresses): those that schemas use, not yet all. Clone it before declaring variables.
 */
export function kubernetesLibrary(): Environment {
  if (library !== undefined) return library;
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  addLists(environment);
  addSets(environment);
  addText(environment);
  addUrls(environment);
  addQuantities(environment);
  addAddresses(environment);
  library = environment;
  return environment;
}

type Comparable = bigint | number | string | boolean | Date;

function addLists(environment: Environment): void {
  const extreme = (list: Comparable[], better: (a: Comparable, b: Comparable) => boolean, name: string) =>
    required(
      list.reduce<Comparable | undefined>(
        (best, item) => (best === undefined || better(item, best) ? item : best),
        undefined,
      ),
      `${name} called on empty list`,
    );
  environment
    .registerFunction('list<T>.isSorted(): bool', (list: Comparable[]) =>
      list.every((item, i) => i === 0 || (list[i - 1] ?? item) <= item),
    )
    .registerFunction('list<T>.min(): T', (list: Comparable[]) => extreme(list, (a, b) => a < b, 'min'))
    .registerFunction('list<T>.max(): T', (list: Comparable[]) => extreme(list, (a, b) => a > b, 'max'))
    .registerFunction('list<int>.sum(): int', (list: bigint[]) => list.reduce((sum, item) => sum + item, 0n))
    .registerFunction('list<double>.sum(): double', (list: number[]) =>
      list.reduce((sum, item) => sum + item, 0),
    )
    .registerFunction('list<T>.indexOf(T): int', (list: unknown[], item: unknown) =>
      BigInt(list.indexOf(item)),
    )
    .registerFunction('list<T>.lastIndexOf(T): int', (list: unknown[], item: unknown) =>
      BigInt(list.lastIndexOf(item)),
    );
}

function addSets(environment: Environment): void {
  const holds = (list: unknown[], other: unknown[]) => other.every((item) => list.includes(item));
  environment
    .registerType('SetsLibrary', { ctor: Sets, fields: {} })
    .registerConstant('sets', 'SetsLibrary', new Sets())
    .registerFunction('SetsLibrary.contains(list<T>, list<T>): bool', (_: Sets, a: unknown[], b: unknown[]) =>
      holds(a, b),
    )
    .registerFunction(
      'SetsLibrary.equivalent(list<T>, list<T>): bool',
      (_: Sets, a: unknown[], b: unknown[]) => holds(a, b) && holds(b, a),
    )
    .registerFunction(
      'SetsLibrary.intersects(list<T>, list<T>): bool',
      (_: Sets, a: unknown[], b: unknown[]) => a.some((item) => b.includes(item)),
    );
}

function addText(environment: Environment): void {
  environment
    .registerFunction('string.charAt(int): string', (text: string, at: bigint) => [...text][Number(at)] ?? '')
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction(
      'string.replace(string, string, int): string',
      (text: string, from: string, to: string, limit: bigint) => {
        const parts = text.split(from);
        const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
        return [parts.slice(0, count + 1).join(to), ...parts.slice(count + 1)].join(from);
      },
    )
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '',
    )
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      [...text.matchAll(new RegExp(pattern, 'gu'))].map(([found]) => found),
    )
    .registerFunction(
      'string.findAll(string, int): list<string>',
      (text: string, pattern: string, limit: bigint) => {
        const found = [...text.matchAll(new RegExp(pattern, 'gu'))].map(([match]) => match);
        return limit < 0n ? found : found.slice(0, Number(limit));
      },
    );
}

function addUrls(environment: Environment): void {
  const parse = (text: string) =>
    required(URL.parse(text) ?? undefined, `URL parse error during conversion from string: ${text}`);
  environment
    .registerType('kubernetes.URL', { ctor: URL, fields: {} })
    .registerFunction('url(string): kubernetes.URL', parse)
    .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text))
    .registerFunction('kubernetes.URL.getScheme(): string', (url: URL) => url.protocol.replace(/:$/, ''))
    .registerFunction('kubernetes.URL.getHost(): string', (url: URL) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: URL) =>
      url.hostname.replace(/^\[|\]$/g, ''),
    )
    .registerFunction('kubernetes.URL.getPort(): string', (url: URL) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', (url: URL) => url.pathname);
}

function addQuantities(environment: Environment): void {
  const parse = (text: string) =>
    required(parseQuantity(text), `quantities must match the regular expression: ${text}`);
  const compare = compareQuantities;
  const name = 'kubernetes.Quantity';
  environment
    .registerType(name, { ctor: Quantity, fields: {} })
    .registerFunction(`quantity(string): ${name}`, parse)
    .registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
    .registerFunction(`${name}.compareTo(${name}): int`, compare)
    .registerFunction(
      `${name}.isGreaterThan(${name}): bool`,
      (a: Quantity, b: Quantity) => compare(a, b) > 0n,
    )
    .registerFunction(`${name}.isLessThan(${name}): bool`, (a: Quantity, b: Quantity) => compare(a, b) < 0n)
    .registerFunction(`${name}.isInteger(): bool`, isWhole)
    .registerFunction(`${name}.asInteger(): int`, asInteger)
    .registerFunction(`${name}.asApproximateFloat(): double`, asApproximateFloat)
    .registerFunction(`${name}.sign(): int`, (a: Quantity) => compare(a, new Quantity(0n)))
    .registerFunction(
      `${name}.add(${name}): ${name}`,
      (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos),
    )
    .registerFunction(
      `${name}.sub(${name}): ${name}`,
      (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
    )
    .registerOperator(`${name} == ${name}`, (a: Quantity, b: Quantity) => a.nanos === b.nanos);
}

function addAddresses(environment: Environment): void {
  const isIp = (text: string) => isIpv4(text) || isIpv6(text);
  const prefix = (cidr: Cidr) => BigInt(cidr.text.split('/')[1] ?? '0');
  environment
    .registerType('net.IP', { ctor: Address, fields: {} })
    .registerType('net.CIDR', { ctor: Cidr, fields: {} })
    .registerFunction('isIP(string): bool', isIp)
    .registerFunction('isCIDR(string): bool', isCidr)
    .registerFunction(
      'ip(string): net.IP',
      (text: string) =>
        new Address(
          required(
            isIp(text) ? text : undefined,
            `IP Address ${JSON.stringify(text)} parse error during conversion from string`,
          ),
        ),
    )
    .registerFunction(
      'cidr(string): net.CIDR',
      (text: string) =>
        new Cidr(
          required(
            isCidr(text) ? text : undefined,
            `network address parse error during conversion from string: ${text}`,
          ),
        ),
    )
    .registerFunction('net.IP.family(): int', (address: Address) => (isIpv4(address.text) ? 4n : 6n))
    .registerFunction('net.IP.isLoopback(): bool', (address: Address) => /^127\.|^::1$/.test(address.text))
    .registerFunction('string(net.IP): string', (address: Address) => address.text)
    .registerFunction('net.CIDR.prefixLength(): int', prefix)
    .registerFunction('net.CIDR.ip(): net.IP', (cidr: Cidr) => new Address(cidr.text.split('/')[0] ?? ''))
    .registerFunction('string(net.CIDR): string', (cidr: Cidr) => cidr.text)
    .registerFunction('isUUID(string): bool', (text: string) => checkFormat('uuid', text));
}
