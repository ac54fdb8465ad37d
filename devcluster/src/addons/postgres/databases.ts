import pg from 'pg';
import { randomSecret } from '../random-secret.ts';

/** What a database Secret holds, under the key names that CloudNativePG and service binding use. */
export interface DatabaseCredentials {
  host: string;
  port: string;
  dbname: string;
  username: string;
  password: string;
}

/** The two roles of one database: `owner` runs migrations and owns the schema, `app` is what a service uses. */
export interface DatabaseRoles {
  owner: DatabaseCredentials;
  app: DatabaseCredentials;
}

/** The databases of a payment vault, one a service. */
export type DatabaseName = 'vault' | 'router';

/**
 * Ensures the databases `vault` and `router` (of one PaymentVault), each with the roles `<name>_owner` and `<name>_app`.
 * Only these two can connect to it; the app role may use the schema `public` and nothing in it until a migration grants more.
 * Passwords are random and set anew at each call.
 *
 * @param options.host the name under which clients reach the server. Default `postgres.addons.svc`
 * @param options.port default 5432
 * @param options.prefix before every name, where a server has the databases of several vaults: `staging_`
 */
export async function provisionDatabases(
  adminUrl: string,
  options: { host?: string; port?: number; prefix?: string } = {},
): Promise<Record<DatabaseName, DatabaseRoles>> {
  const { host = 'postgres.addons.svc', port = 5432, prefix = '' } = options;
  const provision = async (of: DatabaseName): Promise<DatabaseRoles> => {
    const name = `${prefix}${of}`;
    const credentials = (username: string): DatabaseCredentials => ({
      ...{ host, port: String(port), dbname: name },
      ...{ username, password: randomSecret() },
    });
    const roles = { owner: credentials(`${name}_owner`), app: credentials(`${name}_app`) };
    await ensureDatabase(adminUrl, name, roles);
    return roles;
  };
  return { vault: await provision('vault'), router: await provision('router') };
}

async function ensureDatabase(adminUrl: string, name: string, roles: DatabaseRoles): Promise<void> {
  const database = pg.escapeIdentifier(name);
  const owner = pg.escapeIdentifier(roles.owner.username);
  const app = pg.escapeIdentifier(roles.app.username);
  await withClient(adminUrl, async (client) => {
    for (const role of [roles.owner, roles.app]) await ensureRole(client, role);
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${database} OWNER ${owner}`);
    // PostgreSQL lets everyone connect to every new database.
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${app}`);
    await client.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
  });
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  await withClient(url.href, async (client) => {
    await client.query(`ALTER SCHEMA public OWNER TO ${owner}`);
    await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    await client.query(`GRANT USAGE ON SCHEMA public TO ${app}`);
  });
}

async function ensureRole(client: pg.Client, role: DatabaseCredentials): Promise<void> {
  const name = pg.escapeIdentifier(role.username);
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role.username]);
  if (found.rowCount === 0) await client.query(`CREATE ROLE ${name} LOGIN`);
  await client.query(`ALTER ROLE ${name} PASSWORD ${pg.escapeLiteral(role.password)}`);
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the server has ended: the next query says so
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
