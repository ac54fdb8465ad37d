export { type Connection, canConnect, type Reason, type Verdict } from './can-connect.ts';
export { isAddress } from './cidr.ts';
export { type Destination, whoCanReachWhom } from './who-can-reach-whom.ts';
export type { Endpoint, Labels, NamedPort, Outside, Pod, Policy, Protocol, World } from './world.ts';
export { worldOf } from './world-of.ts';
