import { isObject, type KubeObject } from '../object.ts';

type Step = (values: unknown[]) => unknown[];

function members(key: string): Step {
  return (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, key) ? [value[key]] : []));
}

function elements(values: unknown[]): unknown[] {
  return values.flatMap((value) =>
    Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [],
  );
}

function element(index: number): Step {
  return (values) => values.flatMap((value) => (Array.isArray(value) ? (value.at(index) ?? []) : []));
}

function literal(text: string): unknown {
  const quoted = /^(['"])(.*)\1$/.exec(text);
  if (quoted !== null) return quoted[2];
  if (text === 'true' || text === 'false') return text === 'true';
  return Number(text);
}

/** `@.type=='Ready'` */
function filter(expression: string): Step {
  const found = /^@\.([\w.\\-]+)\s*(?:(==|!=)\s*(.+))?$/.exec(expression.trim());
  const [, path = '', operator, value = ''] = found ?? [];
  const inner = compileJsonPath(`.${path}`);
  const wanted = literal(value.trim());
  return (values) =>
    elements(values).filter((candidate) => {
      const [first] = inner(candidate as KubeObject);
      if (operator === undefined) return first !== undefined;
      return (first === wanted) === (operator === '==');
    });
}

function toStep([, key, bracket]: RegExpMatchArray): Step {
  if (key !== undefined) return key === '*' ? elements : members(key.replaceAll('\\.', '.'));
  const text = bracket ?? '';
  if (text === '*') return elements;
  if (text.startsWith('?(')) return filter(text.slice(2, -1));
  if (/^-?\d+$/.test(text)) return element(Number(text));
  return members(String(literal(text)));
}

/**
 * The part of Kubernetes' JSONPath that printer columns use: members (dots in names escaped), elements, `[*]` and
 * filters that compare a member. A path that cannot be read finds nothing.
 */
export function compileJsonPath(path: string): (object: KubeObject) => unknown[] {
  const steps = [...path.matchAll(/\.((?:\\.|[^.[\]])+)|\[((?:\?\([^)]*\))|[^\]]*)\]/g)].map(toStep);
  return (object) => steps.reduce<unknown[]>((values, step) => step(values), [object]);
}
