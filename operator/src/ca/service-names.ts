/** A ServiceAccount, as the token of one of its pods says. */
export type ServiceAccount = { namespace: string; name: string };

/** The DNS names of the Service that bears its ServiceAccount's name: all that a pod of it may be certified for. */
export function serviceNames({ namespace, name }: ServiceAccount): string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`, name];
}

/** Those of `asked` that are not the caller's. Wildcards and other spellings never are. */
export function foreignNames(caller: ServiceAccount, asked: readonly string[]): string[] {
  const own = new Set(serviceNames(caller));
  return asked.filter((name) => !own.has(name));
}
