import type { Statusz } from '@cofferdam/contracts';
import { StartError } from '../errors.ts';
import type { CheckResult } from '../http/readiness.ts';
import type { Database } from './database.ts';
import { sqlState } from './errors.ts';
import type { Migration } from './migrations.ts';

export type SchemaState = NonNullable<Statusz['schema']>;

const UNDEFINED_TABLE = '42P01';
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Compares the database with what this code wants. Older than wanted: not ready until the migration has run, which is
 * a Job's work. Newer: fine, unless the schema says that it has left this code behind. Another vault's: never.
 */
export class SchemaGate {
  readonly #database: Database;
  readonly #vaultId: string;
  readonly #wanted: number;
  #state: SchemaState;

  constructor(database: Database, options: { vaultId: string; migrations: readonly Migration[] }) {
    this.#database = database;
    this.#vaultId = options.vaultId;
    this.#wanted = Math.max(0, ...options.migrations.map((migration) => migration.version));
    this.#state = { current: 0, wanted: this.#wanted, oldestCode: 0 };
  }

  get state(): SchemaState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state.current >= this.#wanted;
  }

  /**
   * For the start and for `/readyz`. Asks until the schema is there; afterwards the pool's health is what counts.
   *
   * @throws {StartError} when this code must not run on this database
   */
  async check(): Promise<CheckResult> {
    if (this.isOpen) {
      await this.#database.query({ text: 'SELECT 1' });
      return true;
    }
    await this.#look();
    return (
      this.isOpen || `schema is ${this.#state.current}, wanted ${this.#wanted}: the migration has not run`
    );
  }

  async #look(): Promise<void> {
    const found = await this.#read();
    if (!found) return;
    if (found.vaultId !== this.#vaultId) {
      throw new StartError(
        `VAULT_ID is ${this.#vaultId}, but this database belongs to vault ${found.vaultId}`,
      );
    }
    if (found.oldestCode > this.#wanted) {
      throw new StartError(
        `the database's schema is ${found.current} and needs code of schema ${found.oldestCode} or newer; this code is ${this.#wanted}`,
      );
    }
    this.#state = { current: found.current, wanted: this.#wanted, oldestCode: found.oldestCode };
  }

  async #read() {
    try {
      const { rows } = await this.#database.query<{ vaultId: string; current: number; oldestCode: number }>({
        text: `SELECT (SELECT vault_id FROM vault_identity) AS "vaultId",
                      coalesce(max(version), 0) AS current, coalesce(max(oldest_code), 0) AS "oldestCode"
               FROM schema_history`,
      });
      return rows[0];
    } catch (error) {
      const state = sqlState(error);
      if (state === UNDEFINED_TABLE || state === INSUFFICIENT_PRIVILEGE) return undefined; // before the first migration
      throw error;
    }
  }
}
