import { own } from '../../apimachinery/json.ts';
import { badRequest } from '../errors.ts';

export type Labels = Record<string, string> | undefined;

interface Requirement {
  key: string;
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
  values: string[];
}

export type LabelMatcher = (labels: Labels) => boolean;

/** `(`, `)`, `,`, operators and words, as the label lexer of apimachinery cuts them. */
function lex(text: string): string[] {
  return [...text.matchAll(/\s*(==|!=|=|!|\(|\)|,|>|<|[^\s=!(),<>]+)/g)].flatMap((m) => m[1] ?? []);
}

const WORD = /^[^=!(),<>]+$/;
const OPERATORS = new Set(['=', '==', '!=', 'in', 'notin', '>', '<']);

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = lex(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#at < this.#tokens.length) {
      requirements.push(this.#requirement());
      const next = this.#next();
      if (next === undefined) break;
      if (next !== ',') throw badRequest(`found '${next}', expected: ',' or 'end of string'`);
      if (this.#peek() === undefined) throw badRequest("found '', expected: identifier after ','");
    }
    return requirements;
  }

  #requirement(): Requirement {
    const negated = this.#peek() === '!';
    if (negated) this.#at += 1;
    const key = this.#next();
    if (key === undefined || !WORD.test(key)) {
      throw badRequest(
        `unable to parse requirement: found '${key ?? ''}', expected: !, identifier, or 'end of string'`,
      );
    }
    const next = this.#peek();
    if (negated || next === undefined || next === ',') {
      return { key, operator: negated ? '!' : 'exists', values: [] };
    }
    if (!OPERATORS.has(next)) {
      throw badRequest(
        `unable to parse requirement: found '${next}', expected: in, notin, =, ==, !=, gt, lt`,
      );
    }
    this.#at += 1;
    if (next === 'in' || next === 'notin') return { key, operator: next, values: this.#set() };
    const value = this.#peek();
    const given = value !== undefined && value !== ',';
    if (given) this.#at += 1;
    const operator = next === '!=' ? '!=' : next === '>' ? 'gt' : next === '<' ? 'lt' : '=';
    return { key, operator, values: [given ? value : ''] };
  }

  #set(): string[] {
    const open = this.#next();
    if (open !== '(') throw badRequest(`unable to parse requirement: found '${open ?? ''}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const value = this.#next();
      if (value === ')') return values.length === 0 ? [''] : values;
      if (value === undefined || !WORD.test(value)) {
        throw badRequest(
          `unable to parse requirement: found '${value ?? ''}', expected: ',', ')' or identifier`,
        );
      }
      values.push(value);
      const end = this.#next();
      if (end === ')') return values;
      if (end !== ',')
        throw badRequest(`unable to parse requirement: found '${end ?? ''}', expected: ',' or ')'`);
    }
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }
}

function satisfied({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = own(labels, key);
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

/** @throws StatusError 400 for a selector that cannot be read */
export function parseLabelSelector(text: string): LabelMatcher | undefined {
  if (text.trim() === '') return undefined;
  const requirements = new Parser(text).parse();
  return (labels) => requirements.every((requirement) => satisfied(requirement, labels));
}
