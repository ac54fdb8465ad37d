import type { ServerCredentials } from '@cofferdam/runtime';
import type { SimulatorState } from './state.ts';

/** What the server of each protocol is given. */
export interface ProtocolOptions {
  readonly state: SimulatorState;
  readonly now: () => Date;
  /** When given, the only API keys that are taken; otherwise every well-formed one. */
  readonly apiKeys: readonly string[];
  readonly tls: ServerCredentials | 'plaintext';
}
