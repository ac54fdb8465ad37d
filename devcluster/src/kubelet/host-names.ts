/** `<service>.<namespace>` to the addresses it stands for; none: the name exists and nothing is ready. */
export type HostTable = Record<string, string[]>;

const DOMAIN = /\.svc(\.cluster\.local)?$/;

/**
 * What a cluster's DNS answers to a pod of this namespace: `a`, `a.b`, `a.b.svc` and `a.b.svc.cluster.local`.
 * Undefined for a name that is none of a Service: it is somebody else's to resolve.
 */
export function lookupHost(table: HostTable, host: string, namespace: string): string[] | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const inCluster = DOMAIN.test(name);
  const short = name.replace(DOMAIN, '');
  const labels = short.split('.').length;
  if (labels === 1 && !inCluster) return table[`${short}.${namespace}`];
  if (labels === 2) return table[short] ?? (inCluster ? [] : undefined);
  return inCluster ? [] : undefined;
}
