export { type Connection, canConnect, type Reason, type Verdict } from './can-connect.ts';
export { isAddress, isBlock, representatives } from './cidr.ts';
export { parseSelector, selects } from './label-selector.ts';
export { type Destination, whoCanReachWhom } from './who-can-reach-whom.ts';
export {
  type Endpoint,
  isPod,
  type Labels,
  type NamedPort,
  type Outside,
  type Pod,
  type Policy,
  type Protocol,
  type World,
} from './world.ts';
export { worldOf } from './world-of.ts';
