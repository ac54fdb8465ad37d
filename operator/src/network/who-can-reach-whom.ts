import { canConnect } from './can-connect.ts';
import type { Endpoint, Protocol, World } from './world.ts';

/** Somewhere to connect to: an endpoint under a name that a person reads, and one of its ports. */
export type Destination = { to: Endpoint; port: number; protocol?: Protocol };

/** The whole matrix: for each name of a source, the names of the destinations that it can connect to, as given. */
export function whoCanReachWhom(
  sources: Readonly<Record<string, Endpoint>>,
  destinations: Readonly<Record<string, Destination>>,
  world: World,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(sources).map(([name, from]) => [
      name,
      Object.entries(destinations)
        .filter(([, destination]) => canConnect({ from, ...destination }, world).allowed)
        .map(([destination]) => destination),
    ]),
  );
}
