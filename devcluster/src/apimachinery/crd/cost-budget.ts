import { type FieldError, forbidden } from '../field-error.ts';

const RULE_LIMIT = 10_000_000;
const SCHEMA_LIMIT = 100_000_000;
const MOST_NAMED = 4;

/** What the rules of one schema may cost together, which Kubernetes limits, as it does for each of them. */
export class CostBudget {
  #total = 0;
  readonly #expensive: { path: string; cost: number }[] = [];

  /** Counts an expression; refuses one that is too costly by itself. */
  spend(path: string, name: string, cost: number): FieldError[] {
    this.#total += cost;
    if (cost >= SCHEMA_LIMIT / 100) this.#expensive.push({ path, cost });
    return cost > RULE_LIMIT ? [forbidden(path, excess(name, cost, RULE_LIMIT))] : [];
  }

  /** What there is to say of all of them: the most expensive ones, and the schema. */
  errors(path: string): FieldError[] {
    if (this.#total <= SCHEMA_LIMIT) return [];
    const named = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, MOST_NAMED);
    const detail =
      'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...named.map((one) => forbidden(one.path, detail)),
      forbidden(path, excess(name, this.#total, SCHEMA_LIMIT)),
    ];
  }
}

function excess(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const digits = factor < 1.5 ? 6 : 1;
  const text = factor > 100 ? 'more than 100' : factor.toFixed(digits);
  return `${name} exceeds budget by factor of ${text}x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
