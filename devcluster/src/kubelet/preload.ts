/**
 * Loaded into every pod process before its program (`node --import`). A process of this machine has neither a network
 * nor a resolver of its own, so two things are put right here: a server that listens on all addresses gets the pod's
 * address only, and the names of Services are resolved as a cluster's DNS would.
 *
 * The settings stand in this module's URL and not in the environment, which belongs to the program.
 */
import dns from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import { enableCompileCache, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { type HostTable, lookupHost } from './host-names.ts';

const settings = new URL(import.meta.url).searchParams;
const podIp = settings.get('podIp');
const namespace = settings.get('namespace') ?? 'default';
const hostsFile = settings.get('hosts');
const compileCache = settings.get('compileCache');

if (compileCache !== null) enableCompileCache(compileCache);
if (podIp !== null) listenOnPodAddress(podIp);
if (hostsFile !== null) resolveServices(hostsFile);

function listenOnPodAddress(address: string): void {
  const wildcard = (host: unknown): boolean =>
    host === undefined || host === null || host === '' || host === '0.0.0.0' || host === '::';
  const listen = net.Server.prototype.listen as (this: net.Server, ...args: unknown[]) => net.Server;
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]): net.Server {
    const [first, second] = args;
    if (typeof first === 'object' && first !== null && 'port' in first) {
      const { host } = first as { host?: unknown };
      return listen.apply(this, wildcard(host) ? [{ ...first, host: address }, ...args.slice(1)] : args);
    }
    const port = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first));
    if (port && typeof second === 'string') {
      return listen.apply(this, wildcard(second) ? [first, address, ...args.slice(2)] : args);
    }
    if (port)
      return listen.apply(this, [first, address, ...args.slice(1).filter((arg) => arg !== undefined)]);
    if (first === undefined || typeof first === 'function') return listen.apply(this, [0, address, ...args]);
    return listen.apply(this, args);
  } as typeof net.Server.prototype.listen;
}

function resolveServices(file: string): void {
  const table = hostTable(file);
  type Callback = (error: Error | null, address?: unknown, family?: number) => void;
  const original = dns.lookup as unknown as (name: string, options: object, callback: Callback) => void;
  const promised = dns.promises.lookup as (name: string, options: object) => Promise<unknown>;

  const lookup = (name: string, given: unknown, last?: Callback): void => {
    const callback = (typeof given === 'function' ? given : last) as Callback;
    const options = optionsOf(given);
    const found = lookupHost(table(), name, namespace);
    if (found === undefined) {
      original(name, options, callback);
      return;
    }
    // Like the real function: never before it returns.
    process.nextTick(() => {
      if (found.length === 0 || options.family === 6) callback(notFound(name));
      else if (options.all === true) callback(null, shuffled(found).map(entry));
      else callback(null, shuffled(found)[0], 4);
    });
  };
  const lookupPromise = async (name: string, given?: unknown): Promise<unknown> => {
    const options = optionsOf(given);
    const found = lookupHost(table(), name, namespace);
    if (found === undefined) return promised(name, options);
    if (found.length === 0 || options.family === 6) throw notFound(name);
    const entries = shuffled(found).map(entry);
    return options.all === true ? entries : entries[0];
  };
  Object.assign(dns, { lookup });
  Object.assign(dns.promises, { lookup: lookupPromise });
  // Without this a module that says `import { lookup } from 'node:dns'` would still have the old one.
  syncBuiltinESMExports();
}

type LookupOptions = { all?: boolean; family?: number | string };

function optionsOf(given: unknown): LookupOptions {
  if (typeof given === 'number') return { family: given };
  return typeof given === 'object' && given !== null ? given : {};
}

const entry = (address: string): { address: string; family: number } => ({ address, family: 4 });

/** Connections spread over the ready pods. */
function shuffled(addresses: readonly string[]): string[] {
  const start = Math.floor(Math.random() * addresses.length);
  return [...addresses.slice(start), ...addresses.slice(0, start)];
}

function notFound(hostname: string): Error {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  return Object.assign(error, { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname });
}

/** The kubelet's table, read again when the file was replaced. */
function hostTable(file: string): () => HostTable {
  let version = '';
  let table: HostTable = {};
  return () => {
    try {
      const { ino, mtimeMs } = statSync(file);
      if (version !== `${ino} ${mtimeMs}`) {
        table = JSON.parse(readFileSync(file, 'utf8')) as HostTable;
        version = `${ino} ${mtimeMs}`;
      }
    } catch {
      // Not written yet, or the cluster is on its way down: what we last knew.
    }
    return table;
  };
}
