import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { percentile, percentiles, round } from '../../harness/percentiles.ts';
import { closedLoop, openLoop } from './arrivals.ts';
import { Connection } from './connection.ts';
import { type LoadSettings, MIX, type Phase, type PhaseResult } from './phase.ts';
import { type Grant, type Request, requestsFor } from './requests.ts';

/** The load, in a process of its own: each line on stdin is a phase, and gets a line with its result. */
const settings = JSON.parse(process.argv[2] ?? '{}') as LoadSettings;
const ca = readFileSync(settings.caFile, 'utf8');
const requests = requestsFor(settings);

async function run(phase: Phase): Promise<PhaseResult> {
  const connections = await openConnections(phase);
  try {
    let cards = 0;
    const fresh = (): Request => requests.tokenize(phase.firstCard + cards++, false);
    const next = phase.kind === 'mixed' ? await mixed(phase, connections, fresh) : fresh;
    const { ratePerSecond, seconds } = phase;
    const samples =
      ratePerSecond === null
        ? await closedLoop(connections, seconds, next)
        : await openLoop(connections, { seconds, ratePerSecond }, next);
    const { latenciesMs, errors, firstError } = samples;
    return {
      ratePerSecond: round(latenciesMs.length / samples.seconds, 1),
      ...percentiles(latenciesMs),
      maxMs: round(percentile(latenciesMs, 1), 1),
      answered: latenciesMs.length,
      ...{ errors, firstError, cards },
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

function openConnections({ urls, connections }: Phase): Promise<Connection[]> {
  const [first = ''] = urls;
  return Promise.all(
    Array.from({ length: connections }, (_, i) =>
      Connection.open(new URL(urls[i % urls.length] ?? first), ca),
    ),
  );
}

/** Reveals, duplicates and new cards. Tokens and grants are made before, and are no part of the measurement. */
async function mixed(
  { ratePerSecond, seconds, firstCard }: Phase,
  connections: readonly Connection[],
  fresh: () => Request,
): Promise<() => Request> {
  const wanted = Math.ceil((ratePerSecond ?? 1000) * seconds * MIX.reveal * 1.2);
  let known = 0;
  const grants: Grant[] = [];
  await Promise.all(
    connections.map(async (connection) => {
      while (grants.length < wanted) {
        // A card on file is charged several times: five grants a token.
        const made = await connection.send(fresh().text);
        const { token } = JSON.parse(made.body) as { token?: string };
        if (token === undefined) throw new Error(`no token: ${made.status} ${made.body.slice(0, 300)}`);
        known++;
        for (let i = 0; i < 5; i++) {
          const { request, grantOf } = requests.grant(token);
          grants.push(grantOf(await connection.send(request.text)));
        }
      }
    }),
  );
  return () => {
    const drawn = Math.random();
    const grant = drawn < MIX.reveal ? grants.pop() : undefined;
    if (grant) return requests.reveal(grant);
    if (drawn < MIX.reveal + MIX.duplicate)
      return requests.tokenize(firstCard + Math.floor(Math.random() * known), true);
    return fresh();
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Phase))}\n`);
}
