/** `true`, or what is wrong in a few words; a warning is something wrong with which the process still serves. */
export type CheckResult = true | string | { warning: string };
export type Check = () => CheckResult | Promise<CheckResult>;

/** The named checks behind `/readyz`. All are asked in parallel; the first that fails is what an SRE reads. */
export class Readiness {
  readonly #checks = new Map<string, Check>();
  #draining = false;

  add(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** From now on not ready: the Service stops sending requests while those under way are finished. */
  drain(): void {
    this.#draining = true;
  }

  async report(): Promise<{ ready: boolean; checks: { name: string; ok: boolean; detail?: string }[] }> {
    const checks = await Promise.all(
      [...this.#checks].map(async ([name, check]) => {
        const result = await Promise.resolve()
          .then(check)
          .catch((error: unknown) => `the check failed${codesOf(error)}`);
        if (result === true) return { name, ok: true };
        return typeof result === 'string'
          ? { name, ok: false, detail: result }
          : { name, ok: true, detail: result.warning };
      }),
    );
    if (this.#draining) checks.push({ name: 'draining', ok: false, detail: 'shutting down' });
    return { ready: checks.every((check) => check.ok), checks };
  }
}

/** The codes of an error and of what caused it: whoever asks has no token, and a message may name hosts and users. */
function codesOf(error: unknown): string {
  const codes: string[] = [];
  for (let cause = error; cause instanceof Error && codes.length < 4; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string') codes.push(code);
  }
  return codes.length === 0 ? '' : `: ${codes.join(', ')}`;
}
