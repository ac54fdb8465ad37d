/** A decoded `application/x-www-form-urlencoded` body with Stripe's bracket notation. */
export type FormValue = string | FormTree;
export interface FormTree {
  [key: string]: FormValue;
}

/** What a body must not be: a repeated key, or one that is both a value and a hash. */
export class FormError extends Error {
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(message);
    this.parameter = parameter;
  }
}

const MAX_PARAMETERS = 500;

/**
 * Parses `a[b][c]=v` and `a[0]=v` (a list is a tree with the keys 0, 1, ...).
 * @throws {FormError} for what Stripe would not take either
 */
export function parseForm(body: string): FormTree {
  const root: FormTree = Object.create(null);
  const pairs = [...new URLSearchParams(body)];
  if (pairs.length > MAX_PARAMETERS) throw new FormError('', 'Too many parameters');
  for (const [name, value] of pairs) insert(root, name, value);
  return root;
}

function insert(root: FormTree, name: string, value: string): void {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  const head = match?.[1];
  if (head === undefined) throw new FormError(name, `Invalid parameter name: ${name}`);
  const path = [head, ...[...(match?.[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '')];
  let node = root;
  for (const [depth, rawKey] of path.entries()) {
    const key = rawKey === '' ? String(Object.keys(node).length) : rawKey;
    const existing = node[key];
    if (depth === path.length - 1) {
      if (existing !== undefined) throw new FormError(name, `Parameter was given more than once: ${name}`);
      node[key] = value;
      return;
    }
    if (typeof existing === 'string') throw new FormError(name, `Invalid hash: ${name}`);
    const child: FormTree = existing ?? Object.create(null);
    node[key] = child;
    node = child;
  }
}
