import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { FaultMatch, FaultRule } from './fault-rule.ts';

/** A request as faults see it. */
export interface Target {
  info: Pick<RequestInfo, 'verb' | 'path'>;
  user: Pick<User, 'username'>;
}

/** A stream that faults can act on while it is open. */
export interface OpenStream extends Target {
  drop(): void;
  silence(): void;
  truncate(): void;
}

export type StreamFault = 'drop' | 'silence' | 'truncate';

export function matches({ verbs, path, user }: FaultMatch, target: Target): boolean {
  if (verbs !== undefined && !verbs.some((verb) => verb === target.info.verb)) return false;
  if (user !== undefined && user !== target.user.username) return false;
  return path === undefined || new RegExp(path).test(target.info.path);
}

interface ActiveRule {
  id: string;
  rule: FaultRule;
  hits: number;
}

/** The faults that are in force, and the streams that are open. */
export class Faults {
  readonly streams = new Set<OpenStream>();
  #rules: ActiveRule[] = [];
  #lastId = 0;

  add(rule: FaultRule): ActiveRule {
    this.#lastId += 1;
    const active = { id: String(this.#lastId), rule, hits: 0 };
    this.#rules.push(active);
    return active;
  }

  list(): readonly ActiveRule[] {
    return this.#rules;
  }

  /** @returns whether there was such a rule */
  remove(id: string): boolean {
    const before = this.#rules.length;
    this.#rules = this.#rules.filter((active) => active.id !== id);
    return this.#rules.length < before;
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules that hit this request, each counted once. */
  take(target: Target): FaultRule[] {
    if (this.#rules.length === 0) return [];
    const hit = this.#rules.filter(({ rule }) => matches(rule.match, target));
    for (const active of hit) active.hits += 1;
    this.#rules = this.#rules.filter(({ rule, hits }) => rule.times === undefined || hits < rule.times);
    return hit.map(({ rule }) => rule);
  }

  /** @returns how many streams it was */
  onStreams(match: FaultMatch, action: StreamFault): number {
    const hit = [...this.streams].filter((stream) => matches(match, stream));
    for (const stream of hit) stream[action]();
    return hit.length;
  }
}
