import pg from 'pg';
import type { KillableBroker } from './broker.ts';
import type { VaultFleet } from './fleet.ts';
import type { KillablePostgres } from './postgres.ts';
import type { Random } from './random.ts';

/** In the order in which few kills are chosen: a broker takes seconds to come back. */
export const KILLS = [
  'vault',
  'postgres immediate',
  'postgres sigkill',
  'relay',
  'broker',
  'postgres backend',
] as const;
export type Kill = (typeof KILLS)[number];

/** How often each is drawn, beside the first time. */
const WEIGHTS: Readonly<Record<Kill, number>> = {
  vault: 8,
  'postgres immediate': 4,
  'postgres sigkill': 4,
  broker: 3,
  relay: 2,
  'postgres backend': 2,
};

export type Victims = {
  fleet: VaultFleet;
  vaults: number;
  postgres: KillablePostgres;
  /** Undefined where there is none. */
  broker: KillableBroker | undefined;
};

/** So many kills at random, each kind once before any comes again, as long as there are enough. */
export function drawKills(random: Random, count: number, hasBroker: boolean): Kill[] {
  const kinds = KILLS.filter((kind) => hasBroker || (kind !== 'broker' && kind !== 'relay'));
  const weighted = kinds.flatMap((kind) => Array<Kill>(WEIGHTS[kind]).fill(kind));
  const drawn = Array.from({ length: count }, (_, i) => kinds[i] ?? random.of(weighted));
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const [a, b] = [drawn[i], drawn[j]];
    if (a !== undefined && b !== undefined) [drawn[i], drawn[j]] = [b, a];
  }
  return drawn;
}

/** Each victim is given the time to come back before it is killed again; others are killed meanwhile. */
export class Killer {
  readonly #victims: Victims;
  readonly #random: Random;
  readonly #recovering = new Map<string, Promise<void>>();
  readonly done = new Map<Kill, number>();

  constructor(victims: Victims, random: Random) {
    this.#victims = victims;
    this.#random = random;
  }

  /** Resolves when the kill is done, and not when the victim is back. */
  async kill(kind: Kill): Promise<void> {
    const place = this.#random.below(this.#victims.vaults);
    const victim = kind === 'vault' ? `vault ${place}` : (kind.split(' ')[0] ?? kind);
    await this.#recovering.get(victim);
    // The relay's end is told to the database.
    if (kind === 'relay') await this.#recovering.get('postgres');
    const back = this.#carryOut(kind, place);
    back.catch(() => {}); // whoever waits for it learns of it
    this.#recovering.set(victim, back);
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
  }

  /** @throws when a victim did not come back */
  async allBack(): Promise<void> {
    await Promise.all(this.#recovering.values());
  }

  #carryOut(kind: Kill, place: number): Promise<void> {
    const { fleet, postgres, broker } = this.#victims;
    switch (kind) {
      case 'vault':
        return fleet.kill(place);
      case 'postgres immediate':
        return postgres.kill('immediate');
      case 'postgres sigkill':
        return postgres.kill('sigkill');
      case 'postgres backend':
        return postgres.kill('backend');
      case 'broker':
        return broker?.kill() ?? Promise.resolve();
      case 'relay':
        return endRelay(postgres.server.adminUrl);
    }
  }
}

/**
 * The relay runs inside the vault's process and ends with it; apart from that one can take its session away, the one
 * that its leases and cursors are written by.
 */
async function endRelay(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`SELECT pg_terminate_backend(pid) FROM (
      SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND application_name = 'cofferdam-vault' LIMIT 1) AS relay`);
  } catch {
    // the database is being killed, and the relay's session with it
  } finally {
    await client.end().catch(() => {});
  }
}
