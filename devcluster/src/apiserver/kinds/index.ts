import type { KindRules } from '../resources/resource.ts';

/** What is particular to a built-in kind. */
export function rulesFor(_group: string, _version: string, _kind: string): KindRules {
  return {};
}
