import { serviceNames } from '../desired/names.ts';

/** A ServiceAccount, as the token of one of its pods says. */
export type ServiceAccount = { namespace: string; name: string };

/**
 * Those of `asked` that are not the caller's. A component's Service and ServiceAccount have one name, so a pod may be
 * certified for the names of the Service that bears its ServiceAccount's. Wildcards and other spellings never are.
 */
export function foreignNames(caller: ServiceAccount, asked: readonly string[]): string[] {
  const own = new Set(serviceNames(caller));
  return asked.filter((name) => !own.has(name));
}
