import type { ASTNode } from '@marcbachmann/cel-js';
import { own } from '../json.ts';
import type { Schema } from '../schema.ts';
import { maxElements } from './declared-size.ts';
import { fieldName } from './names.ts';

/*
 * What a rule may cost at most, in the units of cel-go (checker/cost.go) with Kubernetes' functions (pkg/cel/library
 * /cost.go). Kubernetes refuses a CRD whose rules may cost too much, so a stand-in that took them would let a
 * release fail on a real cluster. Only the upper bound counts, and only that is worked out here.
 */

/** A value: what it costs to get, how large it is, and where in the schema it stands. */
interface Estimate {
  readonly cost: number;
  /** Characters, items or members; 0 or 1 for what has no length; Infinity when nothing is known. */
  readonly size: number;
  readonly schema?: Schema | undefined;
  /** The size of the items of a list that the rule makes. */
  readonly itemSize?: number | undefined;
}

type Scope = Readonly<Record<string, Omit<Estimate, 'cost'>>>;

const LIST = 10;
const MAP = 30;

/** The most that an expression may cost, evaluated once on a value of the schema. */
export function estimateCost(ast: ASTNode, self: Schema): number {
  const root = { size: maxElements(self), schema: self };
  return estimate(ast, { self: root, oldSelf: root }).cost;
}

function estimate(node: ASTNode, scope: Scope): Estimate {
  switch (node.op) {
    case 'value':
      return { cost: 0, size: typeof node.args === 'string' ? node.args.length : 1 };
    case 'id':
      return { size: Number.POSITIVE_INFINITY, ...own(scope, node.args), cost: 1 };
    case '.':
    case '.?':
      return select(estimate(node.args[0], scope), node.args[1], 1);
    case '[]':
    case '[?]':
      return element(estimate(node.args[0], scope), estimate(node.args[1], scope));
    case '!_':
    case '-_':
      return { cost: 1 + estimate(node.args, scope).cost, size: 1 };
    case '?:': {
      const [condition, yes, no] = node.args.map((arg) => estimate(arg, scope)) as [
        Estimate,
        Estimate,
        Estimate,
      ];
      const larger = yes.size >= no.size ? yes : no;
      return { ...larger, cost: condition.cost + Math.max(yes.cost, no.cost) };
    }
    case 'list':
      return literalList(node.args, scope);
    case 'map':
      return {
        cost: node.args.flat().reduce((sum, arg) => sum + estimate(arg, scope).cost, MAP),
        size: node.args.length,
      };
    case 'call':
      return call(node.args[0], node.args[1], scope);
    case 'rcall':
      return method(node.args, scope);
    default:
      return operator(node.op, estimate(node.args[0], scope), estimate(node.args[1], scope));
  }
}

function literalList(items: readonly ASTNode[], scope: Scope): Estimate {
  const estimates = items.map((item) => estimate(item, scope));
  const cost = estimates.reduce((sum, item) => sum + item.cost, LIST);
  return { cost, size: items.length, itemSize: Math.max(0, ...estimates.map((item) => item.size)) };
}

/** A factor of a size, rounded up; unknown times nothing is nothing. */
function scaled(size: number, factor: number): number {
  return size === 0 || factor === 0 ? 0 : Math.ceil(size * factor);
}

/** Reading text costs a tenth of its length. */
function traversal(size: number): number {
  return scaled(size, 0.1);
}

function select(operand: Estimate, field: string, cost: number): Estimate {
  const schema = operand.schema === undefined ? undefined : memberByField(operand.schema, field);
  return { cost: operand.cost + cost, ...sized(schema) };
}

function sized(schema: Schema | undefined): Omit<Estimate, 'cost'> {
  return schema === undefined ? { size: Number.POSITIVE_INFINITY } : { size: maxElements(schema), schema };
}

function memberByField(schema: Schema, field: string): Schema | undefined {
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return Object.entries(schema.properties ?? {}).find(([name]) => fieldName(name) === field)?.[1];
}

function itemOf(list: Omit<Estimate, 'cost'>): Omit<Estimate, 'cost'> {
  const { schema } = list;
  if (schema?.type === 'array') return sized(schema.items);
  if (typeof schema?.additionalProperties === 'object') return sized(schema.additionalProperties);
  return { size: list.itemSize ?? Number.POSITIVE_INFINITY };
}

function element(container: Estimate, index: Estimate): Estimate {
  return { ...itemOf(container), cost: 1 + container.cost + index.cost };
}

function operator(op: string, left: Estimate, right: Estimate): Estimate {
  const operands = left.cost + right.cost;
  switch (op) {
    case '&&':
    case '||':
      return { cost: operands, size: 1 };
    case 'in': {
      const isMap = right.schema?.type === 'object';
      return { cost: operands + (isMap ? 1 : right.size), size: 1 };
    }
    case '+': {
      const size = left.size + right.size;
      const isList = left.schema?.type === 'array' || left.itemSize !== undefined;
      const isScalar = left.size <= 1 && right.size <= 1;
      const itemSize = isList ? Math.max(itemOf(left).size, itemOf(right).size) : undefined;
      return { cost: operands + (isList || isScalar ? 1 : traversal(size)), size, itemSize };
    }
    case '-':
    case '*':
    case '/':
    case '%':
      return { cost: operands + 1, size: 1 };
    default:
      // Comparisons stop where the shorter operand ends.
      return { cost: operands + traversal(Math.min(left.size, right.size)), size: 1 };
  }
}

function call(name: string, args: readonly ASTNode[], scope: Scope): Estimate {
  const [first, ...others] = args.map((arg) => estimate(arg, scope));
  if (first === undefined) return { cost: 1, size: 1 };
  const operands = others.reduce((sum, arg) => sum + arg.cost, first.cost);
  // Testing for presence costs nothing but getting there; the last step is not taken.
  if (name === 'has') return { cost: first.cost - 1, size: 1 };
  if (name === 'dyn') return { ...first, cost: operands + 1 };
  if (/^(url|ip|cidr|isIP|isCIDR|quantity|isQuantity)$/.test(name)) {
    return { cost: operands + traversal(first.size), size: first.size };
  }
  const makesText = name === 'string' || name === 'bytes';
  return {
    cost: operands + 1,
    size: makesText && first.size <= 1 ? Number.POSITIVE_INFINITY : makesText ? first.size : 1,
  };
}

type MethodArgs = readonly [string, ASTNode, readonly ASTNode[]];

function method([name, target, args]: MethodArgs, scope: Scope): Estimate {
  if (name === 'bind' && target.op === 'id' && target.args === 'cel') return bind(args, scope);
  const receiver = estimate(target, scope);
  const [variable, ...bodies] = args;
  if (variable?.op === 'id' && MACROS.has(name) && bodies.length > 0) {
    return macro(name, receiver, { variable: variable.args, bodies, scope });
  }
  const operands = args.map((arg) => estimate(arg, scope));
  const base = operands.reduce((sum, arg) => sum + arg.cost, receiver.cost);
  const { cost, ...result } = methodCost(name, receiver, operands);
  return { ...result, cost: base + cost };
}

function bind([variable, init, body]: readonly ASTNode[], scope: Scope): Estimate {
  if (variable?.op !== 'id' || init === undefined || body === undefined)
    return { cost: 0, size: Number.POSITIVE_INFINITY };
  const { cost, ...value } = estimate(init, scope);
  const result = estimate(body, { ...scope, [variable.args]: value });
  return { ...result, cost: LIST + cost + result.cost };
}

const MACROS = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter']);

interface Loop {
  readonly variable: string;
  readonly bodies: readonly ASTNode[];
  readonly scope: Scope;
}

/** What a macro expands to: the condition and the step of a loop, each time, and the result. */
function macro(name: string, range: Estimate, { variable, bodies, scope }: Loop): Estimate {
  const isMap = range.schema?.type === 'object';
  const item = isMap ? { size: Number.POSITIVE_INFINITY } : itemOf(range);
  const inner = bodies.map((body) => estimate(body, { ...scope, [variable]: item }));
  const body = inner.reduce((sum, one) => sum + one.cost, 0);
  const times = (step: number) => (range.size === 0 ? 0 : range.size * step);
  switch (name) {
    case 'all':
      return { cost: range.cost + 1 + times(body + 3), size: 1 };
    case 'exists':
      return { cost: range.cost + 1 + times(body + 4), size: 1 };
    case 'map':
      return {
        cost: range.cost + LIST + 1 + times(body + LIST + 2),
        size: range.size,
        itemSize: inner.at(-1)?.size,
      };
    case 'filter':
      return { cost: range.cost + LIST + 1 + times(body + LIST + 3), size: range.size, itemSize: item.size };
    default:
      return { cost: range.cost + 2 + times(body + 2), size: 1 };
  }
}

function methodCost(name: string, target: Estimate, args: readonly Estimate[]): Estimate {
  const [first] = args;
  const argument = first?.size ?? 0;
  switch (name) {
    case 'startsWith':
    case 'endsWith':
      return { cost: traversal(argument), size: 1 };
    case 'contains':
      return { cost: traversal(target.size) * traversal(argument), size: 1 };
    case 'matches':
    case 'find':
    case 'findAll':
      return {
        cost: traversal(target.size + 1) * scaled(argument, 0.25),
        size: target.size,
        itemSize: target.size,
      };
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return { cost: traversal(target.size), size: target.size };
    case 'replace':
      return { cost: scaled(target.size, 0.2), size: target.size * Math.max(1, args[1]?.size ?? 1) };
    case 'split':
      return { cost: scaled(target.size, 0.2), size: target.size, itemSize: target.size };
    case 'join': {
      const size = target.size * itemOf(target).size + Math.max(0, target.size - 1) * argument;
      return { cost: traversal(size), size };
    }
    case 'isSorted':
    case 'sum':
    case 'min':
    case 'max':
    case 'indexOf':
    case 'lastIndexOf':
      return listFunction(target);
    case 'value':
    case 'orValue':
    case 'or':
    case 'optMap':
      return { ...target, cost: 1 };
    default:
      return { cost: 1, size: 1 };
  }
}

/** Every item is compared once; items that are text are read for it. */
function listFunction(target: Estimate): Estimate {
  const isList = target.schema?.type === 'array' || target.itemSize !== undefined;
  if (!isList) return { cost: traversal(target.size), size: 1 };
  const item = itemOf(target);
  const isText = item.schema === undefined || item.schema.type === 'string';
  return { cost: target.size * (1 + (isText ? traversal(item.size) : 0)), size: item.size };
}
