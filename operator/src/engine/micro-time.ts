/** Kubernetes' MicroTime: exactly six digits, where an API server refuses a JavaScript date's three. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** Kubernetes' Time: whole seconds. */
export function kubeTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
