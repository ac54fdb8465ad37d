import type { Logger } from '@cofferdam/runtime';
import type { Commit } from '../commit.ts';
import type { AuditEntry } from '../domain/audit-chain.ts';
import { canonicalJson } from '../domain/canonical-json.ts';

interface Window {
  first: AuditEntry;
  openedAt: number;
  repeated: number;
  lastAt: Date;
  lastRequestId: string;
}

const WINDOW_MS = 60_000;
/** Kinds in a window; all further ones are counted together. */
const MOST_KINDS = 100;

/**
 * Audits what anybody can do as often as he likes without letting him fill the disk: the first of a kind is written as
 * it is, those that follow within a minute are counted, and written as one entry when the minute is over.
 */
export class BoundedEntries {
  readonly #windows = new Map<string, Window>();
  readonly #options: { commit: Commit; logger: Logger; now: () => Date };

  constructor(options: { commit: Commit; logger: Logger; now: () => Date }) {
    this.#options = options;
  }

  /**
   * Whether the entry is to be written now, as the first of its kind; otherwise it has been counted.
   *
   * @param kind what makes entries alike beyond action, identity and merchant
   */
  take(entry: AuditEntry, kind: string): boolean {
    const { action, issuer, subject, merchant } = entry;
    const key = canonicalJson([action, issuer, subject, merchant, kind]);
    const known = this.#windows.get(key);
    if (known === undefined && this.#windows.size < MOST_KINDS) {
      this.#windows.set(key, windowOf(entry));
      return true;
    }
    const window = known ?? this.#overflow(entry);
    window.repeated++;
    window.lastAt = entry.time;
    window.lastRequestId = entry.requestId;
    return false;
  }

  /** Resolves when the entry, if it is to be written now, is on disk. @throws {ProblemError} database_unavailable */
  async add(entry: AuditEntry, kind: string): Promise<void> {
    if (!this.take(entry, kind)) return;
    await this.#write([entry]).catch((error: unknown) => {
      this.take(entry, kind); // it comes with those that follow
      throw error;
    });
  }

  /** Writes what was counted in windows that are over, or in all of them. */
  async flush(which: 'those that are over' | 'all'): Promise<void> {
    const now = this.#options.now();
    const end = now.getTime() - WINDOW_MS;
    const over = [...this.#windows].filter(([, { openedAt }]) => which === 'all' || openedAt <= end);
    for (const [key] of over) this.#windows.delete(key);
    const entries = over.flatMap(([, window]) => (window.repeated > 0 ? [summaryOf(window, now)] : []));
    if (entries.length === 0) return;
    await this.#write(entries).catch((error: unknown) => {
      // They are counted on, and written with the next.
      for (const [key, window] of over) {
        const since = this.#windows.get(key);
        if (since) since.repeated += window.repeated;
        else this.#windows.set(key, window);
      }
      throw error;
    });
  }

  /** One for each action: whoever varies what he asks for gets no further than whoever does not. */
  #overflow(entry: AuditEntry): Window {
    const key = `many ${entry.action}`;
    const known = this.#windows.get(key);
    if (known) return known;
    const nobody = { issuer: '', subject: '', merchant: '', token: '', detail: '{"reason":"(many)"}' };
    const window = windowOf({ ...entry, ...nobody });
    this.#windows.set(key, window);
    this.#options.logger.warn(
      { action: entry.action, kinds: MOST_KINDS },
      'too many kinds of audit entries within a minute; further ones are counted together',
    );
    return window;
  }

  #write(entries: readonly AuditEntry[]): Promise<void> {
    return this.#options.commit(async ({ audit }) => {
      for (const entry of entries) audit(entry);
    });
  }
}

function windowOf(first: AuditEntry): Window {
  const { time: lastAt, requestId: lastRequestId } = first;
  return { first, openedAt: lastAt.getTime(), repeated: 0, lastAt, lastRequestId };
}

/** As the first, with how often it happened since. */
function summaryOf({ first, repeated, lastAt, lastRequestId }: Window, now: Date): AuditEntry {
  const detail: Record<string, unknown> = JSON.parse(first.detail);
  const times = { since: first.time.toISOString(), until: lastAt.toISOString() };
  return {
    ...first,
    time: now,
    requestId: lastRequestId,
    detail: canonicalJson({ ...detail, ...times, repeated }),
  };
}
