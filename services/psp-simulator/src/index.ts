/** The simulator as a library, for tests: `const psp = await startSimulator()`. */
export {
  type Behaviour,
  DECLINED_AMOUNTS,
  DECLINED_CARDS,
  type DeclineReason,
  MAGIC_AMOUNTS,
} from './magic.ts';
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts';
export type { LedgerEntry, Mode, Psp } from './state.ts';
export { newNumber, UPDATER_CODES } from './updater/answers.ts';
